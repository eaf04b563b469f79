import { nmse } from '../../conformance/bounds.ts';
import type { Inputs, OpCase } from '../../conformance/case.ts';
import { type ScaleFormat, type WeightFormat, type WeightFormatName, weightFormats } from './formats.ts';
import { type PackedWeight, quantizedLinear } from './op.ts';
import { bytesOfRow, bytesOfTritRow, packCodes, packTrits } from './packing.ts';

const bound = nmse(1e-10, 'float32 products of x with weights that are one or two roundings from the exact ones');

type Granularity = 'tensor' | 'channel' | number;

/** rows, in, out. */
const sizes: readonly (readonly [number, number, number])[] = [
  [0, 8, 3],
  [1, 1, 1],
  [1, 37, 5],
  [3, 64, 7],
  [2, 131, 11],
  [17, 96, 33],
];
/** 24 is no multiple of sixteen lanes: neighbours in a register have different scales. */
const granularities: readonly Granularity[] = ['tensor', 'channel', 32, 24];
const integers = ['int2', 'int3', 'int4', 'int5', 'int6', 'int7', 'int8'] as const;

interface Setting {
  readonly format: WeightFormatName;
  readonly granularity: Granularity;
  readonly zeroPoints: boolean;
  readonly scaleFormat: ScaleFormat;
  readonly size: readonly [number, number, number];
}

const setting = (change: Partial<Setting> & Pick<Setting, 'format'>): Setting => ({
  granularity: 'channel',
  zeroPoints: false,
  scaleFormat: 'f32',
  size: [3, 96, 7],
  ...change,
});

const settings: readonly Setting[] = [
  ...integers.flatMap((format) =>
    granularities.flatMap((granularity) =>
      sizes.map((size, at) => setting({ format, granularity, size, zeroPoints: at % 2 === 0 })),
    ),
  ),
  ...(['ternary', 'trits', 'binary', 'nf4', 'fp4', 'fp6_e2m3', 'fp8_e4m3'] as const).flatMap((format) =>
    sizes.flatMap((size) => [
      setting({ format, size, granularity: 'channel' }),
      setting({ format, size, granularity: 32 }),
    ]),
  ),
  // a row of trits that goes on into a third block, and one that fills two
  setting({ format: 'trits', size: [2, 163, 9], granularity: 24 }),
  setting({ format: 'trits', size: [5, 160, 9], granularity: 'tensor', zeroPoints: true }),
  setting({ format: 'nf4', size: [1, 200, 9], granularity: 64, zeroPoints: true }),
  ...(['fp4_e2m1', 'fp6_e2m3', 'fp6_e3m2', 'fp8_e4m3', 'fp8_e5m2', 'mxint8'] as const).flatMap((format) =>
    ([1, 7] as const).map((rows) => setting({ format, granularity: 32, scaleFormat: 'e8m0', size: [rows, 80, 5] })),
  ),
  ...([1, 7] as const).map((rows) =>
    setting({ format: 'fp4_e2m1', granularity: 16, scaleFormat: 'e4m3', size: [rows, 80, 5] }),
  ),
  // long enough for several pieces of the weight and several threads
  ...(['int4', 'int8', 'trits', 'nf4'] as const).flatMap((format) =>
    ([1, 2, 65] as const).map((rows) => setting({ format, granularity: 128, size: [rows, 1040, 150] })),
  ),
];

export const cases: readonly OpCase[] = settings.map(({ format, granularity, zeroPoints, scaleFormat, size }) => {
  const [rows, width, out] = size;
  const scaling = typeof granularity === 'number' ? `groups of ${granularity}` : `per ${granularity}`;
  const remarks = [format, zeroPoints ? 'with zero points' : 'one zero', `${scaleFormat} scales ${scaling}`];
  return {
    name: `${remarks.join(', ')}, ${rows} rows, ${width} to ${out}`,
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const x = inputs.normal('x', [rows, width]);
      const bias = zeroPoints ? undefined : inputs.normal('bias', [out]);
      const weight = randomWeight(inputs, { format, granularity, zeroPoints, scaleFormat, size });
      return () => quantizedLinear(x, weight, bias);
    },
  };
});

function randomWeight(inputs: Inputs, setting: Setting): PackedWeight {
  const { granularity, scaleFormat } = setting;
  const [, width, out] = setting.size;
  const format: WeightFormat = weightFormats[setting.format];
  const { bits, packing, values } = format;
  const usable = usableCodes(format);
  const codes = Array.from({ length: out * width }, () => usable[inputs.drawBelow(usable.length)]!);
  const scaleShape =
    granularity === 'tensor' ? [1] : granularity === 'channel' ? [out] : [out, Math.ceil(width / granularity)];
  const scaleCount = scaleShape.reduce((product, extent) => product * extent, 1);
  // e8m0: 2^-6 .. 2^1, with 2^-127 among them; e4m3: positive, subnormal ones too
  const scaleBytes = Uint8Array.from({ length: scaleCount }, (_, at) =>
    scaleFormat === 'e8m0' ? (at === 1 ? 0 : 121 + inputs.drawBelow(8)) : at === 1 ? 3 : 8 + inputs.drawBelow(80),
  );
  return {
    codes: inputs.bytes(packing === 'trits' ? packTrits(codes, out, width) : packCodes(codes, out, width, bits), [
      out,
      packing === 'trits' ? bytesOfTritRow(width) : bytesOfRow(width, bits),
    ]),
    scales: scaleFormat === 'f32' ? inputs.constantNormal(scaleShape, 0.1, 0.02) : inputs.bytes(scaleBytes, scaleShape),
    zeroPoints: setting.zeroPoints ? inputs.constant(scaleShape, () => inputs.drawBelow(2 ** bits)) : undefined,
    zeroPoint: format.zeroPoint,
    values: values === undefined ? undefined : inputs.constant([values.length], (code) => values[code]!),
    packing,
    scaleFormat,
    scaleFactor: scaleFormat === 'e4m3' ? 0.75 : undefined,
    bits,
    in: width,
    out,
    groupSize: typeof granularity === 'number' ? granularity : undefined,
  };
}

/** Codes whose value is a number; ternary formats use three. */
function usableCodes({ bits, packing, zeroPoint, values }: WeightFormat): number[] {
  const count = packing === 'trits' || zeroPoint === 1 ? 3 : 2 ** bits;
  return Array.from({ length: count }, (_, code) => code).filter((code) => Number.isFinite(values?.[code] ?? 0));
}
