import { trainQuantized } from '@claimbench/models';
import { z } from 'zod';
import { taughtBy, teacherOf } from '../teacher.ts';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { rateField, tokensField } from '../trained-on.ts';
import { readLayerWeights } from '../weights/layer-weights.ts';
import {
  quantizedLinears,
  quantizerLabel,
  storeTrained,
  trainedQuantizer,
  weightQuantizer,
} from './trained-weights.ts';

export const quantizationAwareTraining = defineTechnique({
  id: 'quantization-aware-training',
  title: 'Quantization-aware training',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    'Trains a trained model on while every pass sees the weights of its layers on their grid. Full-precision weights are kept beside them until the end and get the ' +
    'gradient straight through the rounding; what is left afterwards are the codes. The grid is ternary with the mean magnitude as its step, or has a ' +
    'step for each output that is trained as well, with the gradient and the first value of LSQ. Part of the loss can be the probabilities of the model as it ' +
    'was before. Activations stay in f32; trits count a fifth of a byte, steps four bytes.',
  equation: String.raw`\hat w = s\,\operatorname{clamp}\!\left(\operatorname{round}\tfrac{w}{s}\right),\qquad \frac{\partial \hat w}{\partial w} \approx \bigl[\operatorname{round}\tfrac{w}{s} \in [q_{\min}, q_{\max}]\bigr],\qquad s = \operatorname{mean}|w| \ \text{ or }\ \frac{\partial \hat w}{\partial s} \approx \operatorname{clamp}\!\left(\operatorname{round}\tfrac{w}{s}\right) - \tfrac{w}{s}`,
  papers: [164, 229, 13, 247],
  parameters: z.strictObject({
    ...trainedQuantizer,
    tokens: tokensField('Tokens that the model is trained on further', 50_000),
    learningRate: rateField(2e-3),
    teacher: z.number().min(0).max(1).default(0).meta({
      title: 'Teacher',
      description: 'Share of the full-precision model’s probabilities in the loss; 0: the text alone',
    }),
    temperature: z.number().min(0.5).max(10).default(1).meta({
      title: 'Temperature',
      description: 'What the logits of both are divided by, where there is a teacher',
    }),
  }),
  grid: { quantizer: ['absmean', 'learned-step'], bits: [2, 3, 4], tokens: [25_000, 50_000], teacher: [0, 0.5, 1] },
  label: ({ tokens, teacher, ...quantizer }) =>
    `${quantizerLabel(quantizer)}, ${tokens} tokens${teacher === 0 ? '' : `, taught ${teacher}`}`,
  checkConfig({ plan }) {
    if (plan !== null)
      throw doesNotFit('quantization-aware-training', 'it trains a model that runs its layers once, in order');
  },
  tokensTrained: ({ tokens }) => tokens,
  async changeWeights(decoder, { tokens, learningRate, teacher: share, temperature, ...parameters }, { trainOn }) {
    const before = await readLayerWeights(decoder);
    const quantizer = weightQuantizer(parameters);
    const teacher = share === 0 ? null : await teacherOf(decoder);
    try {
      await trainQuantized(decoder, quantizedLinears(decoder), quantizer);
      await trainOn(
        decoder,
        { tokens, learningRate },
        teacher === null ? undefined : () => taughtBy(teacher, { share, temperature, hidden: 0 }),
      );
    } finally {
      teacher?.dispose();
    }
    return await storeTrained(decoder, quantizer, before);
  },
});
