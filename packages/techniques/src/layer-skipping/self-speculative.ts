import { type DecoderConfig, fullPlan } from '@claimbench/models';
import { z } from 'zod';
import { type Drafting, defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';

/** Fields of techniques that decode with an early exit as the draft. */
export const draftFields = {
  tokens: z
    .number()
    .int()
    .min(1)
    .max(16)
    .default(4)
    .meta({ title: 'Draft', description: 'Tokens that the exit guesses before the rest of the layers checks them' }),
  draft: z.enum(['shared', 'independent']).default('shared').meta({
    title: 'Layers of the draft',
    description:
      'shared: the model’s own, states and cache go on to the check; independent: a second model with copies of them and a cache of its own',
  }),
};

/** Throws where the exit is not inside the model. */
export function drafting(
  technique: string,
  { layers, plan }: Pick<DecoderConfig, 'layers' | 'plan'>,
  { exit, tokens, draft }: { exit: number; tokens: number; draft: 'shared' | 'independent' },
): Drafting {
  if (plan !== null) throw doesNotFit(technique, 'it drafts with a model that runs its layers once, in order');
  if (exit >= layers)
    throw doesNotFit(technique, `it drafts after ${exit} layers and needs one more; the model has ${layers}`);
  return { layers: exit, tokens, shared: draft === 'shared' };
}

export const selfSpeculative = defineTechnique({
  id: 'self-speculative',
  title: 'Self-speculative decoding',
  family: 'layer-skipping',
  seam: 'inference',
  summary:
    'Writes text with the first layers of a model as its draft: read through the final norm and head they guess some tokens, and the remaining layers ' +
    'check all of them in one pass that goes on from the states and the cache of the draft. Greedily the text is the model’s own, token for ' +
    'token. Losses are those of the whole model; what changes is what a token costs, measured on texts that the model goes on writing. ' +
    'With an independent draft the same layers are a second model, as in ordinary speculative decoding.',
  equation: String.raw`\hat x_{t+1..t+d} = \mathrm{draft}_{1..E}(x_{\le t}),\qquad \text{keep } \hat x_i \text{ while } \hat x_i = \arg\max p_{1..L}(\cdot \mid x_{<i}),\qquad \text{layers per position} = L \ \text{(shared)},\ E + L \ \text{(independent)}`,
  papers: [121],
  parameters: z.strictObject({
    exit: z.number().int().min(1).max(63).default(2).meta({ title: 'Exit', description: 'Layers that guess' }),
    ...draftFields,
  }),
  grid: { exit: [1, 2, 4], tokens: [2, 4, 8], draft: ['shared', 'independent'] },
  label: ({ exit, tokens, draft }) =>
    `${tokens} tokens after ${exit} layers${draft === 'shared' ? '' : ', independent'}`,
  planLayers: ({ layers }) => fullPlan(layers),
  drafting: (config, parameters) => drafting('self-speculative', config, parameters),
});
