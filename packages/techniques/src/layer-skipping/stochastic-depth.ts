import { fullPlan } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { trainWithDropout } from './dropout-training.ts';
import { growth } from './layer-schedules.ts';

export const stochasticDepth = defineTechnique({
  id: 'stochastic-depth',
  title: 'Stochastic depth',
  family: 'layer-skipping',
  seam: 'training',
  summary:
    'Leaves layers out at random while the model is trained, at a rate that rises linearly with depth; afterwards all of them run. The paper scales ' +
    'each layer by its chance to survive when the model is used; here, as in the common libraries, what a kept layer adds is divided by that ' +
    'chance in training, which has the same mean and leaves the trained model as it is. A layer is attention and MLP together.',
  equation: String.raw`x_{l+1} = x_l + \frac{b_l}{p_l}\,f_l(x_l),\qquad b_l \sim \mathrm{Bernoulli}(p_l),\quad p_l = 1 - \frac{l}{L}\,(1 - p_L),\quad l = 1, \dots, L`,
  papers: [121],
  parameters: z.strictObject({
    rate: z
      .number()
      .min(0)
      .max(0.9)
      .default(0.2)
      .meta({ title: 'Rate', description: 'Chance that the last layer is left out of a training step' }),
    shape: z.enum(['linear', 'constant']).default('linear').meta({
      title: 'Over layers',
      description: 'linear: the rate rises with depth; constant: the same for all layers',
    }),
    unit: z
      .enum(['batch', 'text'])
      .default('batch')
      .meta({ title: 'Unit', description: 'What is drawn for: the batch as in the paper, or each text by itself' }),
  }),
  grid: { rate: [0, 0.1, 0.2, 0.5], shape: ['linear', 'constant'] },
  label: ({ rate, shape }) => `rate ${rate}, ${shape}`,
  trainedWith: (parameters) => parameters,
  changeTraining(decoder, { rate, shape, unit }, context) {
    const { layers } = decoder.config;
    // The paper counts layers from 1, so that the first one has a rate too.
    const rateOf = (layer: number) => rate * growth(shape, layer + 1, layers);
    return trainWithDropout(decoder, context, { rate: rateOf, unit, rescaled: true });
  },
  planLayers({ layers, plan }) {
    if (plan !== null) throw doesNotFit('stochastic-depth', 'it trains a model that runs its layers once, in order');
    return fullPlan(layers);
  },
});
