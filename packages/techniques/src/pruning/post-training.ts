import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { rateField } from '../trained-on.ts';
import {
  checkRemoval,
  checkRemovalFits,
  denseCostsSince,
  removalFields,
  removalLabel,
  removeLayers,
} from './removed-layers.ts';

export const postTraining = defineTechnique({
  id: 'post-training',
  title: 'Layers removed, then trained on',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Takes layers out of a trained model by another technique, makes what is left an ordinary model of fewer layers where whole layers went, and trains it ' +
    'for a little while on the text that the model was trained on, all of its weights, with the same optimiser and a rate of its own. The papers heal with low-rank adapters or with short full training; ' +
    'this is the latter.',
  equation: String.raw`\theta^{*} = \mathrm{prune}(\theta),\qquad \theta^{*} \leftarrow \theta^{*} - \eta\,\nabla J(\theta^{*}) \quad \text{for a few steps}`,
  papers: [105, 253],
  parameters: z
    .strictObject({
      ...removalFields('angular-layers', 1),
      tokens: z.number().int().min(0).max(10_000_000).default(25_000).meta({
        title: 'Tokens',
        description: 'Tokens that the remaining layers are trained on; 0: none',
      }),
      learningRate: rateField(2e-3),
    })
    .superRefine(checkRemoval),
  grid: { tokens: [0, 10_000, 25_000, 50_000], learningRate: [1e-3, 2e-3, 4e-3] },
  label: (parameters) => `${removalLabel(parameters)}, ${parameters.tokens} tokens`,
  checkConfig: (config, parameters) => checkRemovalFits('post-training', config, parameters),
  tokensTrained: ({ tokens }) => tokens,
  async changeWeights(decoder, parameters, context) {
    const { tokens, learningRate } = parameters;
    const removed = await removeLayers(decoder, parameters, context);
    if (tokens > 0) await context.trainOn(decoder, { tokens, learningRate });
    return await denseCostsSince(decoder, removed);
  },
});
