import { dropFromPlan, fullPlan } from '@claimbench/models';
import { z } from 'zod';
import { checkSelection, layerSelection, selectionLabel, selectLayers } from '../depth/select-layers.ts';
import { techniqueDraws } from '../draws.ts';
import { defineTechnique } from '../technique.ts';

export const dropLayers = defineTechnique({
  id: 'drop-layers',
  title: 'Drop layers',
  family: 'layer-skipping',
  seam: 'inference',
  summary:
    'Leaves out whole layers (attention and MLP) when a trained model runs; the residual stream passes unchanged. Nothing is retrained ' +
    'and no weight is touched.',
  equation: String.raw`x_{l+1} = x_l \quad (l \in S),\qquad x_{l+1} = x_l + f_l(x_l) \quad (l \notin S)`,
  papers: [16, 253, 268, 5, 54],
  parameters: z.strictObject(layerSelection).superRefine((selection, context) => checkSelection(selection, context)),
  grid: { count: [0, 1, 2, 3, 4], select: ['deep', 'first', 'middle', 'even', 'last'] },
  label: (parameters) => selectionLabel(parameters),
  planLayers(config, parameters, { seed }) {
    const layers = selectLayers('drop-layers', parameters, config.layers, (count) => techniqueDraws(seed, count));
    return dropFromPlan(fullPlan(config.layers), layers, 'layer');
  },
});
