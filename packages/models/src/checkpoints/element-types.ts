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
      return Float64Array.from(bytes, (bits) => ((bits & 0x7f) === 0x7f ? Number.NaN : smallFloat(bits, 4, 3, false)));
    case 'F8_E5M2':
      return Float64Array.from(bytes, (bits) => smallFloat(bits, 5, 2));
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

const scratch = new DataView(new ArrayBuffer(4));

export function bfloat16(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

/** The nearest bfloat16, half to even; a NaN stays one. */
export function bfloat16Bits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 64;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

export function float16(bits: number): number {
  return smallFloat(bits, 5, 10);
}

/** The nearest half-precision float, half to even; beyond its largest value infinity. */
export function float16Bits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  const size = Math.abs(value);
  if (size >= 65_520) return sign | 0x7c00;
  // below 2^-14 the step is 2^-24, above it a 1024th of the power of two
  const exponent = Math.max((magnitude >>> 23) - 127, -14);
  const steps = roundHalfToEven(size * 2 ** (10 - exponent));
  return sign | (((exponent + 14) << 10) + steps);
}

function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** A float of sign, exponent and fraction bits; with `infinities` the largest exponent means infinity or NaN. */
function smallFloat(bits: number, exponentBits: number, fractionBits: number, infinities = true): number {
  const fraction = bits & (2 ** fractionBits - 1);
  const largest = 2 ** exponentBits - 1;
  const exponent = (bits >> fractionBits) & largest;
  const sign = (bits >> (fractionBits + exponentBits)) & 1 ? -1 : 1;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (infinities && exponent === largest) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - fractionBits);
  return sign * (1 + fraction / 2 ** fractionBits) * 2 ** (exponent - bias);
}
