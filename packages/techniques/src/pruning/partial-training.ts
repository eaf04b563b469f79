import { type DecoderConfig, parameterSpecs } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { rateField, tokensField } from '../trained-on.ts';
import {
  checkRemoval,
  checkRemovalFits,
  denseCostsSince,
  removalFields,
  removalLabel,
  removeLayers,
} from './removed-layers.ts';

const PARTS = ['attention', 'biases', 'embeddings', 'last-layer', 'mlp', 'norms'] as const;
type Part = (typeof PARTS)[number];

export const partialTraining = defineTechnique({
  id: 'partial-training',
  title: 'Trained on in part',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Trains one part of a trained model on, all else frozen to the bit; before that, layers may be taken out by another technique. The part says what can mend ' +
    'the damage: gains of norms and biases are few numbers, the last layer is the cheapest to reach. Text, optimiser and schedule are those of the recipe.',
  equation: String.raw`\theta_P \leftarrow \theta_P - \eta\,\nabla_{\theta_P} J(\theta),\qquad \theta_{\bar P} \ \text{fixed}`,
  papers: [],
  parameters: z
    .strictObject({
      ...removalFields('drop-layers', 0),
      part: z.enum(PARTS).default('norms').meta({
        title: 'Part',
        description:
          'What is trained: attention, MLPs, norms or biases of every layer; embeddings and head; everything of the last layer',
      }),
      tokens: tokensField('Tokens that the part is trained on', 25_000),
      learningRate: rateField(2e-3),
    })
    .superRefine(checkRemoval),
  grid: { part: ['norms', 'attention', 'mlp', 'last-layer'], tokens: [10_000, 25_000, 50_000] },
  label: (parameters) => `${removalLabel(parameters)}, ${parameters.part}, ${parameters.tokens} tokens`,
  checkConfig(config, parameters) {
    checkRemovalFits('partial-training', config, parameters);
    const isTrained = partOf(parameters.part, config);
    if (parameterSpecs(config).some(({ name }) => isTrained(name))) return;
    throw doesNotFit('partial-training', `it trains ${parameters.part}, and the model has none`);
  },
  tokensTrained: ({ tokens }) => tokens,
  async changeWeights(decoder, parameters, context) {
    const { part, tokens, learningRate } = parameters;
    const removed = await removeLayers(decoder, parameters, context);
    const trains = partOf(part, decoder.config);
    await context.trainOn(decoder, { tokens, learningRate }, () => ({ options: { trains } }));
    return await denseCostsSince(decoder, removed);
  },
});

/** Which parameters belong to a part, by name. */
function partOf(part: Part, { layers }: DecoderConfig): (name: string) => boolean {
  switch (part) {
    case 'attention':
      return (name) => /^layers\.\d+\.self_attn\./.test(name);
    case 'biases':
      return (name) => name.endsWith('.bias');
    case 'embeddings':
      return (name) => name.startsWith('embed_') || name.startsWith('lm_head');
    case 'last-layer':
      return (name) => name.startsWith(`layers.${layers - 1}.`);
    case 'mlp':
      return (name) => /^layers\.\d+\.mlp\./.test(name);
    case 'norms':
      return (name) => /(^|\.)norms\./.test(name);
  }
}
