import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { NormEpsilon, replaceEveryNorm } from './replace-every-norm.ts';

export const layerNorm = defineTechnique({
  id: 'layer-norm',
  title: 'LayerNorm',
  family: 'norm',
  seam: 'architecture',
  summary:
    'Every norm of the model becomes a LayerNorm: each token is shifted to mean 0 and scaled to variance 1 over its features, then given a ' +
    'learned gain and bias.',
  equation: String.raw`y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \odot g + b,\qquad \mu = \tfrac1H \textstyle\sum_i x_i,\quad \sigma^2 = \tfrac1H \sum_i (x_i - \mu)^2`,
  papers: [109],
  parameters: z.strictObject({ eps: NormEpsilon }),
  grid: {},
  label: () => '',
  changeConfig: (config, { eps }) => replaceEveryNorm('layer-norm', config, { kind: 'layer-norm', eps, bias: true }),
});
