import { fullPlan, parallelInPlan, parseDecoderConfig } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { groupField } from './layer-groups.ts';

export const parallelLayers = defineTechnique({
  id: 'parallel-layers',
  title: 'Parallel shallow layout',
  family: 'layer-skipping',
  seam: 'architecture',
  summary:
    'Lays residual layers side by side: all layers of a group read the same input, and what each adds is summed. It keeps the terms of first order ' +
    'of a sequential stack and drops the products of several layers. One group of all layers is the broad, shallow form; equal ' +
    'parameters, trained from scratch. A layer here is attention and MLP together, one after the other.',
  equation: String.raw`(I + f_L)\cdots(I + f_1)\,x \;\approx\; x + \sum_{l=1}^{L} f_l(x)`,
  papers: [138],
  parameters: z.strictObject({
    group: groupField('are laid side by side'),
  }),
  grid: { group: [2, 4, null] },
  label: ({ group }) => (group === null ? 'all layers' : `groups of ${group}`),
  changeConfig(config, { group }) {
    if (config.plan !== null)
      throw doesNotFit('parallel-layers', 'it starts from a model that runs its layers in order');
    const size = group ?? config.layers;
    if (config.layers % size !== 0) {
      throw doesNotFit('parallel-layers', `groups of ${size} layers; the model has ${config.layers}`);
    }
    let plan = fullPlan(config.layers);
    for (let at = 0; at < config.layers / size; at++) plan = parallelInPlan(plan, at, at + size, 'sum');
    return parseDecoderConfig({ ...config, plan });
  },
});
