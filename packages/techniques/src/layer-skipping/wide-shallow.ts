import { parseDecoderConfig } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { groupField } from './layer-groups.ts';

export const wideShallow = defineTechnique({
  id: 'wide-shallow',
  title: 'Wide shallow form',
  family: 'layer-skipping',
  seam: 'architecture',
  summary:
    'Makes one layer of every group of n consecutive layers: n times the heads and n times the width of the MLP, so that what stood one behind the other is ' +
    'computed in one product. That is the function of the group’s attention modules side by side on the same input, followed by its MLPs side by side on what all of them ' +
    'leave, where the layers of the group share their norms; an MLP that reads its own layer’s attention alone, as in the parallel layout, is no single ' +
    'product. Matrices have as many weights as before, norms and biases of outputs are one where they were n. Trained from scratch, with the first ' +
    'weights of a model of so many layers.',
  equation: String.raw`y = x + \sum_{i=1}^{n} A_i(\mathrm{N} x) = x + [O_1 \cdots O_n]\,\mathrm{heads}_{1 \ldots n}(\mathrm{N} x),\qquad z = y + \sum_{i=1}^{n} M_i(\mathrm{N}' y)`,
  papers: [138],
  parameters: z.strictObject({
    group: groupField('become one'),
  }),
  grid: { group: [2, 4, null] },
  label: ({ group }) => (group === null ? 'one layer' : `groups of ${group}`),
  changeConfig(config, { group }) {
    const { layers, heads, keyValueHeads, feedForwardSize, plan, position } = config;
    if (plan !== null) throw doesNotFit('wide-shallow', 'it starts from a model that runs its layers in order');
    const size = group ?? layers;
    if (layers % size !== 0) throw doesNotFit('wide-shallow', `groups of ${size} layers; the model has ${layers}`);
    const { normOverrides, layerOverrides, routers, exits } = config;
    if ([normOverrides, layerOverrides, routers, exits].some((list) => list.length > 0)) {
      throw doesNotFit(
        'wide-shallow',
        'layers become one where all are alike: no layer of its own shape, norm, router or exit',
      );
    }
    if (position.kind === 'alibi' || position.kind === 'relative') {
      throw doesNotFit(
        'wide-shallow',
        `positions that differ by head (${position.kind}) depend on how many heads there are`,
      );
    }
    return parseDecoderConfig({
      ...config,
      layers: layers / size,
      heads: heads * size,
      keyValueHeads: keyValueHeads * size,
      feedForwardSize: feedForwardSize * size,
    });
  },
});
