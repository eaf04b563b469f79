import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { checkGroups, GroupSize } from '../weights/groups.ts';
import { quantizeEach } from '../weights/stored-linear.ts';
import { tableCodes } from './table-codes.ts';

/**
 * The 16 values of NF4: quantiles of a normal distribution, 8 above zero, 7 below, and zero itself, scaled to [-1, 1]. The
 * numbers are those that QLoRA's library fixed.
 */
export const NF4 = [
  -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
  -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
  0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
] as const;

/** The same construction with 8 and with 4 values: quantiles at even steps, one more above zero than below. */
const NF3 = [
  -1, -0.535022708485538, -0.24693143181157523, 0, 0.18333748033548755, 0.3819939543209139, 0.6229857417143424, 1,
] as const;
const NF2 = [-1, 0, 0.43581816458311545, 1] as const;

/** Values of NF2, NF3 and NF4 by their bits. */
export const NORMAL_FLOATS: Readonly<Record<number, readonly number[]>> = { 2: NF2, 3: NF3, 4: NF4 };

export const normalFloat = defineTechnique({
  id: 'normal-float',
  title: 'Normal float (NF4, NF3, NF2)',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    'Four bits a weight that stand for 16 quantiles of a normal distribution, scaled by the largest weight of each group: a grid without data ' +
    'that fits weights which look normal. Three and two bits take the quantiles by the same rule. Scales count four bytes; the second ' +
    'quantization of the scales is left out.',
  equation: String.raw`\hat w = a\,t_{c},\qquad a = \max_{\text{group}} |w|,\quad c = \arg\min_i \left| \tfrac{w}{a} - t_i \right|`,
  papers: [178],
  parameters: z.strictObject({
    bits: z.number().int().min(2).max(4).default(4).meta({ title: 'Bits', description: 'Bits a weight' }),
    groupSize: GroupSize,
  }),
  grid: { bits: [4, 3, 2], groupSize: [16, 32, 64] },
  label: ({ bits, groupSize }) => `${bits} bits, groups of ${groupSize}`,
  checkConfig: (config, { groupSize }) => checkGroups('normal-float', config, groupSize),
  changeWeights: (decoder, { bits, groupSize }) =>
    quantizeEach(decoder, ({ values }) => {
      const table = tableCodes(values, groupSize, NORMAL_FLOATS[bits]!);
      return { values: table.values, storedBytes: Math.ceil((values.length * bits) / 8) + 4 * table.largest.length };
    }),
});
