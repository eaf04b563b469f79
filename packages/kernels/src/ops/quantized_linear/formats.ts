/** How the codes of a packed weight stand in bytes (packing.ts), and what a code means before zero point and scale. */
export interface WeightFormat {
  /** 1 to 8; 2 for trits, which take 1.6. */
  readonly bits: number;
  readonly packing: 'bits' | 'trits';
  /** The value of each code: 2^bits numbers that float32 holds. Absent: the code itself. */
  readonly values?: readonly number[];
  /** The code that stands for 0, where no zero points are given. 0 where there are values. */
  readonly zeroPoint: number;
}

/**
 * The values of a small binary float's codes: a sign bit, exponent bits and mantissa bits, with subnormals. 'finite' has neither
 * infinities nor NaN; 'fn' has a NaN where all bits but the sign are set; 'ieee' has infinities and NaN at the largest exponent; 'fnuz' has one
 * zero, and a NaN in the place of the negative one.
 */
export function floatValues(
  exponentBits: number,
  mantissaBits: number,
  bias: number,
  special: 'finite' | 'fn' | 'ieee' | 'fnuz',
): number[] {
  const half = 2 ** (exponentBits + mantissaBits);
  const most = 2 ** exponentBits - 1;
  return Array.from({ length: 2 * half }, (_, code) => {
    const negative = code >= half;
    const magnitude = negative ? code - half : code;
    const exponent = Math.floor(magnitude / 2 ** mantissaBits);
    const mantissa = magnitude % 2 ** mantissaBits;
    const sign = negative ? -1 : 1;
    if (special === 'fn' && magnitude === half - 1) return Number.NaN;
    if (special === 'fnuz' && negative && magnitude === 0) return Number.NaN;
    if (special === 'ieee' && exponent === most) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    const scaled = exponent === 0 ? mantissa * 2 : mantissa + 2 ** mantissaBits;
    return sign * scaled * 2 ** (Math.max(exponent, 0) - bias - mantissaBits);
  });
}

const integers = (bits: number, zeroPoint = 2 ** (bits - 1)): WeightFormat => ({ bits, packing: 'bits', zeroPoint });
const table = (bits: number, values: readonly number[]): WeightFormat & { readonly values: readonly number[] } => ({
  bits,
  packing: 'bits',
  values,
  zeroPoint: 0,
});

/** The 4-bit NormalFloat of QLoRA (Dettmers et al. 2023, appendix E): quantiles of a normal distribution, scaled to [-1, 1], and 0. */
const nf4: readonly number[] = [
  -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
  -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
  0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
];
/** The 4-bit float of bitsandbytes: 0, 1/16, 8, 12, 4, 6, 2, 3 over 12, then their negatives. */
const fp4Magnitudes = [0, 0.0625, 8, 12, 4, 6, 2, 3].map((value) => value / 12);

/**
 * The signed 8-bit dynamic map of bitsandbytes (Dettmers et al. 2022): for each decade 10^-6 .. 1 twice as many values as for the one below, at
 * the middles of equal parts of [0.1, 1], with both signs; then 0 and 1; in order.
 */
function dynamicMap(): number[] {
  const values = [0, 1];
  for (let decade = 0; decade < 7; decade++) {
    const parts = 2 ** decade;
    for (let part = 0; part < parts; part++) {
      const value = Math.fround(10 ** (decade - 6) * (0.1 + (0.9 * (part + 0.5)) / parts));
      values.push(value, -value);
    }
  }
  return values.sort((a, b) => a - b);
}

/**
 * The formats that quantizedLinear is tried with. Scales of the MX formats are e8m0 bytes for blocks of 32, those of NVFP4 (e2m1) e4m3 bytes
 * for blocks of 16: `scaleFormat` of the weight.
 */
export const weightFormats = {
  int8: integers(8),
  int7: integers(7),
  int6: integers(6),
  int5: integers(5),
  int4: integers(4),
  int3: integers(3),
  int2: integers(2),
  /** -1, 0, 1 as 0, 1, 2 in two bits. */
  ternary: integers(2, 1),
  /** -1, 0, 1 as 0, 1, 2, five to a byte. */
  trits: { bits: 2, packing: 'trits', zeroPoint: 1 },
  /** -1, 1. */
  binary: table(1, [-1, 1]),
  nf4: table(4, nf4),
  fp4: table(4, [...fp4Magnitudes, ...fp4Magnitudes.map((value) => -value)]),
  dynamic8: table(8, dynamicMap()),
  fp4_e2m1: table(4, floatValues(2, 1, 1, 'finite')),
  fp6_e2m3: table(6, floatValues(2, 3, 1, 'finite')),
  fp6_e3m2: table(6, floatValues(3, 2, 3, 'finite')),
  fp8_e4m3: table(8, floatValues(4, 3, 7, 'fn')),
  fp8_e5m2: table(8, floatValues(5, 2, 15, 'ieee')),
  fp8_e4m3fnuz: table(8, floatValues(4, 3, 8, 'fnuz')),
  fp8_e5m2fnuz: table(8, floatValues(5, 2, 16, 'fnuz')),
  /** Two's complement, in 64ths. */
  mxint8: table(
    8,
    Array.from({ length: 256 }, (_, code) => (code < 128 ? code : code - 256) / 64),
  ),
} as const satisfies Readonly<Record<string, WeightFormat>>;

export type WeightFormatName = keyof typeof weightFormats;

/** How a scale is stored: float32, or a byte that is a power of two (e8m0) or a small float (e4m3). */
export type ScaleFormat = 'f32' | 'e8m0' | 'e4m3';

/** In this order they are the scalar `scaleFormat` of the kernels. */
export const scaleFormats: readonly ScaleFormat[] = ['f32', 'e8m0', 'e4m3'];

const e4m3 = floatValues(4, 3, 7, 'fn');

/** The value of a scale's byte; e8m0 is 2^(byte - 127), and NaN at 255. */
export function scaleOfByte(format: 'e8m0' | 'e4m3', byte: number): number {
  if (format === 'e4m3') return e4m3[byte]!;
  return byte === 255 ? Number.NaN : 2 ** (byte - 127);
}
