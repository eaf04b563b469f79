import { bfloat16, float8, float16 } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';
import type { StoredTensor } from './safetensors.ts';

export const elementTypes = [
  'F64',
  'F32',
  'F16',
  'BF16',
  'F8_E4M3',
  'F8_E5M2',
  'I64',
  'I32',
  'I16',
  'I8',
  'U64',
  'U32',
  'U16',
  'U8',
  'BOOL',
] as const;
export type ElementType = (typeof elementTypes)[number];

/** Values as float32: exact for every type but F64 and integers beyond 2^24, which are rounded. */
export function floatsOf(tensor: StoredTensor): Float32Array {
  if (tensor.type === 'F32') return new Float32Array(alignedCopy(tensor.bytes));
  if (tensor.type === 'BF16') return Float32Array.from(new Uint16Array(alignedCopy(tensor.bytes)), bfloat16);
  return Float32Array.from(numbersOf(tensor));
}

/** Values as float64: exact for every type but integers beyond 2^53, which are refused (read those by `bigIntegersOf`). */
export function numbersOf(tensor: StoredTensor): Float64Array {
  const { type, bytes } = tensor;
  switch (type) {
    case 'F64':
      return new Float64Array(alignedCopy(bytes));
    case 'F32':
      return Float64Array.from(new Float32Array(alignedCopy(bytes)));
    case 'F16':
      return Float64Array.from(new Uint16Array(alignedCopy(bytes)), float16);
    case 'BF16':
      return Float64Array.from(new Uint16Array(alignedCopy(bytes)), bfloat16);
    case 'F8_E4M3':
      return Float64Array.from(bytes, (byte) => float8('e4m3fn', byte));
    case 'F8_E5M2':
      return Float64Array.from(bytes, (byte) => float8('e5m2', byte));
    case 'I32':
      return Float64Array.from(new Int32Array(alignedCopy(bytes)));
    case 'I16':
      return Float64Array.from(new Int16Array(alignedCopy(bytes)));
    case 'I8':
      return Float64Array.from(new Int8Array(alignedCopy(bytes)));
    case 'U32':
      return Float64Array.from(new Uint32Array(alignedCopy(bytes)));
    case 'U16':
      return Float64Array.from(new Uint16Array(alignedCopy(bytes)));
    case 'U8':
    case 'BOOL':
      return Float64Array.from(bytes);
    case 'I64':
    case 'U64':
      return Float64Array.from(bigIntegersOf(tensor), exactNumber);
  }
}

export function bigIntegersOf(tensor: StoredTensor): BigInt64Array | BigUint64Array {
  const bytes = alignedCopy(tensor.bytes);
  if (tensor.type === 'I64') return new BigInt64Array(bytes);
  if (tensor.type === 'U64') return new BigUint64Array(bytes);
  throw new ModelError('bad-checkpoint', `'${tensor.name}' holds ${tensor.type}, not 64-bit integers`);
}

/** Typed arrays need aligned buffers; a tensor may start anywhere in its file. */
function alignedCopy(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

function exactNumber(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
    throw new ModelError('bad-checkpoint', `the integer ${value} does not fit into a float64`);
  }
  return Number(value);
}
