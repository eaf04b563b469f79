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

export const normalFloat = defineTechnique({
  id: 'normal-float',
  title: 'NF4 (normal float)',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    'Four bits a weight that stand for 16 quantiles of a normal distribution, scaled by the largest weight of each group: a grid without data ' +
    'that fits weights which look normal. Scales count four bytes; the second quantization of the scales is left out.',
  equation: String.raw`\hat w = a\,t_{c},\qquad a = \max_{\text{group}} |w|,\quad c = \arg\min_i \left| \tfrac{w}{a} - t_i \right|`,
  papers: [178],
  parameters: z.strictObject({ groupSize: GroupSize }),
  grid: { groupSize: [16, 32, 64] },
  label: ({ groupSize }) => `groups of ${groupSize}`,
  checkConfig: (config, { groupSize }) => checkGroups('normal-float', config, groupSize),
  changeWeights: (decoder, { groupSize }) =>
    quantizeEach(decoder, ({ values }) => {
      const table = tableCodes(values, groupSize, NF4);
      return { values: table.values, storedBytes: Math.ceil(values.length / 2) + 4 * table.largest.length };
    }),
});
