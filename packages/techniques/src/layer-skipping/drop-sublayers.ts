import { dropFromPlan, fullPlan } from '@claimbench/models';
import { z } from 'zod';
import { checkSelection, layerSelection, selectionLabel, selectLayers } from '../depth/select-layers.ts';
import { techniqueDraws } from '../draws.ts';
import { defineTechnique } from '../technique.ts';

export const dropSublayers = defineTechnique({
  id: 'drop-sublayers',
  title: 'Drop sub-layers',
  family: 'layer-skipping',
  seam: 'inference',
  summary:
    'Leaves out the attention, or the MLP, of chosen layers together with its norm when a trained model runs, and keeps the other half of ' +
    'the layer. Nothing is retrained.',
  equation: String.raw`x \leftarrow x + \mathrm{MLP}_l(x)\ \text{ or }\ x \leftarrow x + \mathrm{Attn}_l(x)\ \text{ alone} \quad (l \in S)`,
  papers: [16, 288],
  parameters: z
    .strictObject({
      part: z
        .enum(['attention', 'mlp'])
        .default('attention')
        .meta({ title: 'Part', description: 'The sub-layer that is left out' }),
      ...layerSelection,
    })
    .superRefine((selection, context) => checkSelection(selection, context)),
  grid: { part: ['attention', 'mlp'], count: [0, 1, 2, 4], select: ['deep', 'first', 'even'] },
  label: (parameters) => `${parameters.part}, ${selectionLabel(parameters)}`,
  planLayers(config, parameters, { seed }) {
    const layers = selectLayers('drop-sublayers', parameters, config.layers, (count) => techniqueDraws(seed, count));
    return dropFromPlan(fullPlan(config.layers), layers, parameters.part);
  },
});
