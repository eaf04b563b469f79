import { fullPlan, trainQuantized } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import {
  quantizedLinears,
  quantizerLabel,
  storeTrained,
  trainedQuantizer,
  weightQuantizer,
} from './trained-weights.ts';

export const lowBitTraining = defineTechnique({
  id: 'low-bit-training',
  title: 'Trained in few bits',
  family: 'quantization',
  seam: 'training',
  summary:
    'Trains a model whose layers have their weights on a grid from the first step to the last: ternary, with the mean magnitude of the matrix as the step, as TriLM does it ' +
    'and BitNet b1.58 for its weights, or with learned steps. The optimiser moves full-precision weights, which get the gradient straight through the rounding ' +
    'and are thrown away in the end. Activations stay in f32, no norms are added, and rate and weight decay follow the recipe: the papers change them on the way.',
  equation: String.raw`\hat W = s\,\operatorname{clamp}_{[-1, 1]}\!\left(\operatorname{round}\tfrac{W}{s}\right),\qquad s = \tfrac{1}{nm}\sum_{ij} |W_{ij}| + \epsilon,\qquad \frac{\partial J}{\partial W} \approx \frac{\partial J}{\partial \hat W}`,
  papers: [229, 289, 13],
  parameters: z.strictObject(trainedQuantizer),
  grid: { quantizer: ['absmean', 'learned-step'], bits: [2, 3, 4] },
  label: (parameters) => quantizerLabel(parameters),
  trainedWith: (parameters) => parameters,
  async changeTraining(decoder, parameters) {
    await trainQuantized(decoder, quantizedLinears(decoder), weightQuantizer(parameters));
    return { options: {} };
  },
  planLayers({ layers, plan }) {
    if (plan !== null) throw doesNotFit('low-bit-training', 'it trains a model that runs its layers once, in order');
    return fullPlan(layers);
  },
  storeWeights: (decoder, parameters) => storeTrained(decoder, weightQuantizer(parameters), null),
});
