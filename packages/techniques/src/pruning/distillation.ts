import { z } from 'zod';
import { taughtBy, teacherOf } from '../teacher.ts';
import { defineTechnique } from '../technique.ts';
import { rateField, tokensField } from '../trained-on.ts';
import {
  checkRemoval,
  checkRemovalFits,
  denseCostsSince,
  removalFields,
  removalLabel,
  removeLayers,
} from './removed-layers.ts';

export const distillation = defineTechnique({
  id: 'distillation',
  title: 'Layers removed, then distilled',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Takes layers out of a trained model by another technique and trains what is left to say what the whole model says: on its probabilities, softened by a ' +
    'temperature, and if wanted on its states behind the final norm. The rest of the loss is the text’s own next token, so that a share of 0 without states is ordinary ' +
    'training for as many steps. Text, optimiser and schedule are those of the recipe.',
  equation: String.raw`J = (1 - \alpha)\,J_{\mathrm{CE}} + \alpha\,T^2\,\mathrm{KL}\bigl(\operatorname{softmax}(z^{\mathrm{t}} / T)\,\Vert\,\operatorname{softmax}(z^{\mathrm{s}} / T)\bigr) + \beta\,\tfrac{1}{d} \lVert h^{\mathrm{s}} - h^{\mathrm{t}} \rVert^2`,
  papers: [130],
  parameters: z
    .strictObject({
      ...removalFields('angular-layers', 1),
      tokens: tokensField('Tokens that the remaining layers are trained on', 25_000),
      learningRate: rateField(2e-3),
      teacher: z.number().min(0).max(1).default(0.5).meta({
        title: 'Teacher',
        description: 'Share α of the whole model’s probabilities in the loss; 0: the text alone',
      }),
      temperature: z.number().min(0.5).max(10).default(2).meta({
        title: 'Temperature',
        description: 'T: what the logits of both are divided by',
      }),
      hidden: z.number().min(0).max(100).default(0).meta({
        title: 'States',
        description: 'Weight β of the squared difference of the states behind the final norm; 0: none',
      }),
    })
    .superRefine(checkRemoval),
  grid: { tokens: [10_000, 25_000, 50_000], teacher: [0, 0.5, 1], temperature: [1, 2, 4], hidden: [0, 1] },
  label: (parameters) => {
    const { tokens, teacher, temperature, hidden } = parameters;
    const states = hidden === 0 ? '' : `, states ${hidden}`;
    return `${removalLabel(parameters)}, ${tokens} tokens, taught ${teacher} at T ${temperature}${states}`;
  },
  checkConfig: (config, parameters) => checkRemovalFits('distillation', config, parameters),
  tokensTrained: ({ tokens }) => tokens,
  async changeWeights(decoder, parameters, context) {
    const { tokens, learningRate, teacher: share, temperature, hidden } = parameters;
    using teacher = await teacherOf(decoder);
    const removed = await removeLayers(decoder, parameters, context);
    await context.trainOn(decoder, { tokens, learningRate }, () => taughtBy(teacher, { share, temperature, hidden }));
    return await denseCostsSince(decoder, removed);
  },
});
