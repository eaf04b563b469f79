import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { type WeightFormat, type WeightFormatName, weightFormats } from '../quantized_linear/formats.ts';
import { bytesOfRow, bytesOfTritRow, packCodes, packTrits } from '../quantized_linear/packing.ts';
import { integerLinear, quantizeRows } from './op.ts';

const bound = nmse(
  1e-12,
  'exact integers; for each group one rounding to float32 and one of its product, then two more',
);

interface Setting {
  readonly format: WeightFormatName;
  readonly size: readonly [number, number, number];
  readonly group?: number;
  readonly zeroPoints?: boolean;
  /** Scales of x by the weight's groups. */
  readonly grouped?: true;
}

const formats = ['int8', 'int7', 'int4', 'int3', 'int2', 'ternary', 'trits'] as const;
const sizes = [
  [0, 8, 3],
  [1, 1, 1],
  [1, 37, 5],
  [3, 64, 7],
  [9, 131, 11],
] as const;

const settings: readonly Setting[] = [
  ...formats.flatMap((format) =>
    sizes.flatMap((size) => [
      { format, size },
      { format, size, group: 24, zeroPoints: true },
    ]),
  ),
  ...formats.map((format) => ({ format, size: [5, 1040, 70] as const, group: 128 })),
  { format: 'int8', size: [2, 5000, 3] },
  // sixteen rows of the weight side by side, and what is left of them and of x's rows
  ...(['int8', 'int4'] as const).flatMap((format) => [
    { format, size: [1, 64, 16] as const, group: 32 },
    { format, size: [6, 96, 37] as const, group: 32, grouped: true as const },
    { format, size: [5, 160, 33] as const, group: 64, grouped: true as const },
    { format, size: [9, 96, 50] as const },
    { format, size: [1, 64, 18] as const, group: 32, zeroPoints: true, grouped: true as const },
  ]),
  { format: 'int3', size: [3, 40, 7], group: 24, grouped: true },
  { format: 'trits', size: [0, 40, 7], group: 24, grouped: true },
];

export const cases: readonly OpCase[] = [
  ...settings.map(
    ({ format: name, size: [rows, width, out], group, zeroPoints = false, grouped }): OpCase => ({
      name: `${name}, ${group === undefined ? 'one scale a row' : `groups of ${group}`}, ${zeroPoints ? 'zero points' : 'one zero'}${grouped ? ', x in groups' : ''}, ${rows} rows, ${width} to ${out}`,
      forward: bound,
      gradient: bound,
      build: (inputs) => {
        const { bits, packing, zeroPoint }: WeightFormat = weightFormats[name];
        const count = zeroPoint === 1 ? 3 : 2 ** bits;
        const codes = Array.from({ length: out * width }, () => inputs.drawBelow(count));
        const trits = packing === 'trits';
        const packed = trits ? packTrits(codes, out, width) : packCodes(codes, out, width, bits);
        const scaleShape = group === undefined ? [out] : [out, Math.ceil(width / group)];
        const x = {
          codes: inputs.bytes(
            Uint8Array.from({ length: rows * width }, () => inputs.drawBelow(256)),
            [rows, width],
          ),
          scales: inputs.constantNormal(grouped ? [rows, Math.ceil(width / group!)] : [rows], 0.1, 0.02),
          ...(grouped ? { groupSize: group! } : {}),
        };
        const weight = {
          codes: inputs.bytes(packed, [out, trits ? bytesOfTritRow(width) : bytesOfRow(width, bits)]),
          scales: inputs.constantNormal(scaleShape, 0.1, 0.02),
          zeroPoints: zeroPoints ? inputs.constant(scaleShape, () => inputs.drawBelow(count)) : undefined,
          zeroPoint,
          packing,
          bits,
          in: width,
          out,
          groupSize: group,
        };
        const bias = zeroPoints ? undefined : inputs.constantNormal([out]);
        return () => integerLinear(x, weight, bias);
      },
    }),
  ),
  ...(
    [
      [3, 37],
      [1, 1],
      [4, 0],
      [3, 37, 16],
      [4, 64, 32],
      [2, 5, 8],
    ] as const
  ).map(
    ([rows, width, group]): OpCase => ({
      name: `quantized rows, [${rows}, ${width}]${group ? ` in groups of ${group}` : ''}, times the identity`,
      forward: bound,
      gradient: bound,
      build: (inputs) => {
        // the first row is 0: its scale is 0
        const x = inputs.constant([rows, width], (at) => (at < width ? 0 : Math.sin(at * at) * 3));
        const weight = {
          codes: inputs.bytes(
            packCodes(
              Array.from({ length: width * width }, (_, at) => (at % (width + 1) === 0 ? 129 : 128)),
              width,
              width,
              8,
            ),
            [width, width],
          ),
          scales: inputs.constant(group === undefined ? [1] : [width, Math.ceil(width / group)], () => 1),
          groupSize: group,
          bits: 8,
          in: width,
          out: width,
        };
        return () => integerLinear(quantizeRows(x, group), weight);
      },
    }),
  ),
];
