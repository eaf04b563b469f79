import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { checkGroups, GroupSize } from '../weights/groups.ts';
import { quantizeEach } from '../weights/stored-linear.ts';
import { type TritPlanes, tritPlanes } from './trit-planes.ts';

/** Five trits fit into a byte. */
const TRITS_IN_A_BYTE = 5;

export const PtqtpParameters = z.strictObject({
  groupSize: GroupSize,
  iterations: z
    .number()
    .int()
    .min(1)
    .max(200)
    .default(50)
    .meta({ title: 'Rounds', description: 'Most rounds of scales and planes' }),
});

/** The planes of a weight `[out, in]` whose rows are whole groups. */
export function planesOf(weight: Float32Array, { groupSize, iterations }: z.infer<typeof PtqtpParameters>): TritPlanes {
  return tritPlanes(weight, groupSize, { iterations, tolerance: 1e-7 });
}

export const ptqtp = defineTechnique({
  id: 'ptqtp',
  title: 'PTQTP (two trit-planes)',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    'Writes each group of weights as the sum of two ternary planes with a scale each, found without data by alternating between the scales (a ' +
    'ridge regression of two unknowns, regularised more where it is badly conditioned) and the planes (the best of nine sums for every ' +
    'weight).. Five trits count a byte, so two planes are 3.2 bits a weight and ' +
    'not 1.58; scales count four bytes. The paper leaves the start open: here the scales begin at the mean magnitude and half of it.',
  equation: String.raw`\min_{\alpha,\,T}\; \Bigl\lVert w - \sum_{k=1}^{2} \alpha_k T_k \Bigr\rVert^2 + \lambda \lVert\alpha\rVert^2,\qquad T_k \in \{-1, 0, 1\}^{g}`,
  papers: [177],
  parameters: PtqtpParameters,
  grid: { groupSize: [16, 32, 64] },
  label: ({ groupSize }) => `groups of ${groupSize}`,
  checkConfig: (config, { groupSize }) => checkGroups('ptqtp', config, groupSize),
  changeWeights: (decoder, parameters) =>
    quantizeEach(decoder, ({ values }) => {
      const { values: approximated, scales } = planesOf(values, parameters);
      const planeBytes = 2 * Math.ceil(values.length / TRITS_IN_A_BYTE);
      return { values: approximated, storedBytes: planeBytes + 4 * (scales[0].length + scales[1].length) };
    }),
});
