import { weightFormats } from '../ops/quantized_linear/formats.ts';
import { roundHalfEven } from '../quantization/round_half_even.ts';

const scratch = new DataView(new ArrayBuffer(4));

export function bfloat16(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

/** The nearest bfloat16 of a float32, half to even; a NaN stays one. */
export function bfloat16Bits(value: number): number {
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 64;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

export function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest half-precision float of a float32, half to even; beyond its largest value infinity. */
export function float16Bits(value: number): number {
  const sign = signOf(value) * 0x8000;
  if (Number.isNaN(value)) return sign | 0x7e00;
  return sign | Math.min(magnitudeCode(value, 10, 15), 0x7c00);
}

/** The 8-bit floats of the OCP (e4m3fn, e5m2) and of those without a negative zero (fnuz). */
export type Float8Format = 'e4m3fn' | 'e5m2' | 'e4m3fnuz' | 'e5m2fnuz';

const float8Formats = {
  e4m3fn: { fraction: 3, bias: 7, largest: 0x7e, beyond: 0x7e, table: weightFormats.fp8_e4m3.values },
  e5m2: { fraction: 2, bias: 15, largest: 0x7b, beyond: 0x7c, table: weightFormats.fp8_e5m2.values },
  e4m3fnuz: { fraction: 3, bias: 8, largest: 0x7f, beyond: 0x80, table: weightFormats.fp8_e4m3fnuz.values },
  e5m2fnuz: { fraction: 2, bias: 16, largest: 0x7f, beyond: 0x80, table: weightFormats.fp8_e5m2fnuz.values },
} as const;

export function float8(format: Float8Format, byte: number): number {
  return float8Formats[format].table[byte]!;
}

/**
 * The nearest 8-bit float of a float32, half to even, subnormals kept. Beyond the largest value (and at infinity) e4m3fn, which has no infinity, keeps
 * its largest value; e5m2 becomes infinite; the fnuz forms give their only NaN.
 */
export function float8Bits(format: Float8Format, value: number): number {
  const { fraction, bias, largest, beyond } = float8Formats[format];
  const alone = beyond === 0x80; // the NaN of the fnuz forms stands where -0 would
  if (Number.isNaN(value)) return alone ? 0x80 : 0x7f;
  const sign = signOf(value) * 0x80;
  const magnitude = magnitudeCode(value, fraction, bias);
  if (magnitude > largest) return sign | beyond;
  return alone && magnitude === 0 ? 0 : sign | magnitude;
}

function signOf(value: number): 0 | 1 {
  return value < 0 || Object.is(value, -0) ? 1 : 0;
}

/** Exponent and fraction of |value| as if exponents had no end: what lies beyond the format's largest code is larger than it. */
function magnitudeCode(value: number, fractionBits: number, bias: number): number {
  const size = Math.abs(Math.fround(value));
  if (size === Number.POSITIVE_INFINITY) return Number.MAX_SAFE_INTEGER;
  scratch.setFloat32(0, size);
  // below the smallest normal number the step stays
  const exponent = Math.max((scratch.getUint32(0) >>> 23) - 127, 1 - bias);
  const steps = roundHalfEven(size * 2 ** (fractionBits - exponent));
  return (exponent + bias - 1) * 2 ** fractionBits + steps;
}
