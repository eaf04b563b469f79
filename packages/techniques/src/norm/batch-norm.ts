import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { NormEpsilon, replaceEveryNorm } from './replace-every-norm.ts';

export const batchNorm = defineTechnique({
  id: 'batch-norm',
  title: 'BatchNorm',
  family: 'norm',
  seam: 'architecture',
  summary:
    'Every norm of the model becomes a BatchNorm: each feature is shifted to mean 0 and scaled to variance 1 over all tokens of the batch, then given a ' +
    'learned gain and bias. Outside of training it uses the statistics that it remembered, or those of the batch at hand. In a causal model ' +
    'the statistics of a batch let a token see later ones: losses in training, and with the batch’s own statistics, are no honest losses.',
  equation: String.raw`y = \frac{x - \mu_B}{\sqrt{\sigma_B^2 + \epsilon}} \odot g + b,\qquad \mu_B, \sigma_B^2\ \text{over the tokens of the batch},\qquad \hat\mu \leftarrow (1-m)\hat\mu + m\,\mu_B`,
  papers: [],
  parameters: z.strictObject({
    eps: NormEpsilon,
    momentum: z.number().gt(0).max(1).default(0.1).meta({
      title: 'Momentum',
      description: 'Share of a batch in the statistics that are remembered',
    }),
    statistics: z.enum(['remembered', 'batch']).default('remembered').meta({
      title: 'Statistics afterwards',
      description: 'What is used outside of training: the remembered statistics, or those of the batch at hand',
    }),
  }),
  grid: { statistics: ['remembered', 'batch'] },
  label: ({ statistics }) => (statistics === 'remembered' ? '' : 'statistics of the batch'),
  changeConfig: (config, { eps, momentum, statistics }) =>
    replaceEveryNorm('batch-norm', config, { kind: 'batch-norm', eps, momentum, statistics }),
});
