import { ModelError } from '../model-error.ts';

/** An array as MNIST's files hold it: unsigned bytes of some shape. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Reads an IDX file of unsigned bytes, already unpacked. Its length is checked before anything is read. Throws `bad-checkpoint`. */
export function readIdx(file: Uint8Array, what = 'IDX file'): IdxArray {
  const refuse = (message: string): never => {
    throw new ModelError('bad-checkpoint', `${what}: ${message}`);
  };
  if (file.length < 4) refuse(`4 bytes of header expected, the file has ${file.length}`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [zero, type, dimensions] = [view.getUint16(0), view.getUint8(2), view.getUint8(3)];
  if (zero !== 0 || type !== 8 || dimensions < 1 || dimensions > 4) {
    refuse('it does not start as an array of unsigned bytes with 1 to 4 dimensions does');
  }
  const start = 4 + 4 * dimensions;
  if (file.length < start) refuse(`${start} bytes of header expected, the file has ${file.length}`);
  const shape = Array.from({ length: dimensions }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (file.length !== start + count) {
    refuse(`[${shape.join(', ')}] needs ${count} bytes behind the header, the file has ${file.length - start}`);
  }
  return { shape, bytes: file.subarray(start) };
}
