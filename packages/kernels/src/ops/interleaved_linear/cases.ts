import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { float16, float16Bits } from '../../formats/small_floats.ts';
import { packCodes } from '../quantized_linear/packing.ts';
import { interleavedBlocks, interleavedLinear } from './op.ts';

const bound = nmse(
  1e-12,
  'exact integers; for each group one rounding of the scales, one of the product, one of the sum',
);

interface Setting {
  readonly bits: 2 | 4 | 8;
  readonly zeroPoint: number;
  /** Rows of x, in, out. */
  readonly size: readonly [number, number, number];
  readonly group: number;
  /** Every scale is a float16. */
  readonly half: boolean;
}

// groups of known and of other sizes, rows of the weight that do not fill sixteen, what is left of four rows of x
const forms = [
  { bits: 2, zeroPoint: 1 },
  { bits: 4, zeroPoint: 8 },
  { bits: 8, zeroPoint: 128 },
] as const;
const settings: readonly Setting[] = forms.flatMap((form) =>
  [true, false].flatMap((half) => [
    { ...form, half, size: [0, 32, 3] as const, group: 32 },
    { ...form, half, size: [1, 32, 1] as const, group: 32 },
    { ...form, half, size: [1, 96, 37] as const, group: 32 },
    { ...form, half, size: [6, 96, 50] as const, group: 32 },
    { ...form, half, size: [9, 192, 18] as const, group: 64 },
    { ...form, half, size: [3, 80, 16] as const, group: form.bits === 2 ? 16 : 8 },
    // a zero point at either end
    { ...form, half, zeroPoint: half ? 0 : 2 ** form.bits - 1, size: [2, 64, 17] as const, group: 32 },
  ]),
);

export const cases: readonly OpCase[] = settings.map(
  ({ bits, zeroPoint, size: [rows, width, out], group, half }): OpCase => ({
    name: `${bits} bits, ${zeroPoint} for 0, groups of ${group}, scales in ${half ? 'float16' : 'float32'}, ${rows} rows, ${width} to ${out}`,
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const codes = Array.from({ length: out * width }, () => inputs.drawBelow(2 ** bits));
      // one scale in eight is denormal as a float16
      const scales = Float32Array.from({ length: (out * width) / group }, (_, at) => {
        const scale = (inputs.drawBelow(2000) - 1000) / (at % 8 === 0 ? 1e8 : 1e4);
        return half ? float16(float16Bits(scale)) : scale;
      });
      // the first group of x is 0: its scale is 0
      const x = inputs.constant([rows, width], (at) => (at < group ? 0 : Math.sin(at * at) * 3));
      const form = { in: width, out, bits, zeroPoint, groupSize: group };
      const laid = interleavedBlocks({ ...form, codes: packCodes(codes, out, width, bits), scales });
      const weight = { ...form, halfScales: laid.halfScales, blocks: inputs.bytes(laid.bytes, laid.shape) };
      const bias = out % 2 === 0 ? inputs.constantNormal([out]) : undefined;
      return () => interleavedLinear(x, weight, bias);
    },
  }),
);
