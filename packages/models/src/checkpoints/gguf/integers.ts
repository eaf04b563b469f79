import { float16, packCodes } from '@claimbench/kernels';
import type { IntegerBlocks } from '../../decoder/integer-block-linear.ts';
import type { GgufTensor } from './read.ts';

const BLOCK = 32;

/** The integers of a matrix in Q8_0 or Q4_0; undefined for other types. */
export function integersOf({ type, shape, bytes }: GgufTensor): IntegerBlocks | undefined {
  const bits = type.name === 'Q8_0' ? 8 : type.name === 'Q4_0' ? 4 : undefined;
  const [outSize, inSize] = shape;
  if (bits === undefined || outSize === undefined || inSize === undefined || shape.length !== 2) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks = (outSize * inSize) / BLOCK;
  const scales = new Float32Array(blocks);
  const codes = new Uint8Array(outSize * inSize);
  for (let block = 0; block < blocks; block++) {
    const at = block * type.blockBytes;
    scales[block] = float16(view.getUint16(at, true));
    const to = block * BLOCK;
    if (bits === 8) {
      for (let i = 0; i < BLOCK; i++) codes[to + i] = view.getInt8(at + 2 + i) + 128;
    } else {
      for (let i = 0; i < BLOCK / 2; i++) {
        const byte = view.getUint8(at + 2 + i);
        codes[to + i] = byte & 15;
        codes[to + i + BLOCK / 2] = byte >> 4;
      }
    }
  }
  return { outSize, inSize, bits, groupSize: BLOCK, codes: packCodes(codes, outSize, inSize, bits), scales };
}
