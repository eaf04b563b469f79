import { fullPlan, type LayerPlan, parseDecoderConfig } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';

export const recurrence = defineTechnique({
  id: 'recurrence',
  title: 'Intra-layer recurrence',
  family: 'layer-skipping',
  seam: 'architecture',
  summary:
    'Every layer is applied as many times in a row as its entry of the reuse map says, with the same weights, in training and afterwards. With ' +
    '"block" the whole stack is run several times instead, the plain way of looping. The parameters stay as many as they are; the work ' +
    'grows with the sum of the map.',
  equation: String.raw`x_{l+1} = \underbrace{f_l \circ \dots \circ f_l}_{r_l\ \text{times}}(x_l),\qquad r = (r_1, \dots, r_L)`,
  papers: [99],
  parameters: z
    .strictObject({
      map: z
        .array(z.number().int().min(1).max(16))
        .max(64)
        .default([])
        .meta({ title: 'Reuse map', description: 'Times each layer is applied, from the first on; empty: once each' }),
      block: z
        .number()
        .int()
        .min(1)
        .max(16)
        .default(1)
        .meta({ title: 'Blocks', description: 'Times the whole stack is run' }),
    })
    .refine(({ map, block }) => map.length === 0 || block === 1, {
      path: ['block'],
      message: 'a reuse map and several rounds of the stack are two different things: give one',
    }),
  grid: { block: [1, 2, 3] },
  label: ({ map, block }) => (map.length > 0 ? `map ${map.join(', ')}` : `stack ${block} times`),
  changeConfig(config, { map, block }) {
    if (map.length > 0 && map.length !== config.layers) {
      throw doesNotFit('recurrence', `the reuse map has ${map.length} entries, the model ${config.layers} layers`);
    }
    if (config.plan !== null)
      throw doesNotFit('recurrence', 'it starts from a model that runs its layers once, in order');
    const plan = fullPlan(config.layers);
    const rounds: LayerPlan =
      map.length > 0
        ? plan.flatMap((step, layer) => Array.from({ length: map[layer]! }, () => step))
        : Array.from({ length: block }, () => plan).flat();
    return parseDecoderConfig({ ...config, plan: rounds });
  },
});
