import { KernelError } from '../errors.ts';

/**
 * The small part of the safetensors format that golden files need: an 8-byte little-endian header length, a JSON header,
 * then the data. The full reader, with every refusal, belongs to the package of checkpoints.
 */
export interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export function parseSafetensors(content: Uint8Array): ReadonlyMap<string, StoredTensor> {
  // a plain view: slices of Node's Buffer would share its memory, which is not aligned
  const file = new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.byteLength < 8) throw malformed('is shorter than its length field');
  const headerLength = Number(view.getBigUint64(0, true));
  if (8 + headerLength > file.byteLength) throw malformed('is shorter than its header');
  const header: unknown = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + headerLength)));
  if (!isRecord(header)) throw malformed('has a header that is no object');
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    if (!isRecord(entry) || typeof entry.dtype !== 'string') throw malformed(`describes ${name} badly`);
    const shape = numbersOf(entry.shape, name);
    const [start, end] = numbersOf(entry.data_offsets, name);
    if (start === undefined || end === undefined || start > end || 8 + headerLength + end > file.byteLength) {
      throw malformed(`places ${name} outside its data`);
    }
    tensors.set(name, {
      dtype: entry.dtype,
      shape,
      bytes: file.slice(8 + headerLength + start, 8 + headerLength + end),
    });
  }
  return tensors;
}

/** Values as numbers, for the types whose every value a number holds. */
export function valuesOf(tensor: StoredTensor): Float64Array {
  const { buffer } = tensor.bytes;
  switch (tensor.dtype) {
    case 'F64':
      return new Float64Array(buffer);
    case 'F32':
      return Float64Array.from(new Float32Array(buffer));
    case 'I32':
      return Float64Array.from(new Int32Array(buffer));
    case 'I64':
      return Float64Array.from(new BigInt64Array(buffer), Number);
    case 'U8':
    case 'BOOL':
      return Float64Array.from(tensor.bytes);
    default:
      throw malformed(`holds ${tensor.dtype}, which the golden checker does not read`);
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numbersOf(value: unknown, name: string): readonly number[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'number')) return value;
  throw malformed(`describes ${name} badly`);
}

function malformed(what: string): KernelError {
  return new KernelError('invalid-argument', `the safetensors file ${what}`);
}
