import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { NormEpsilon, replaceEveryNorm } from './replace-every-norm.ts';

export const rmsNorm = defineTechnique({
  id: 'rms-norm',
  title: 'RMSNorm',
  family: 'norm',
  seam: 'architecture',
  summary:
    'Every norm of the model becomes an RMSNorm: each token is divided by the root mean square of its features and given a learned gain. ' +
    'No mean is subtracted and no bias added.',
  equation: String.raw`y = \frac{x}{\sqrt{\tfrac1H \sum_i x_i^2 + \epsilon}} \odot g`,
  papers: [173, 270],
  parameters: z.strictObject({ eps: NormEpsilon }),
  grid: {},
  label: () => '',
  changeConfig: (config, { eps }) => replaceEveryNorm('rms-norm', config, { kind: 'rms-norm', eps }),
});
