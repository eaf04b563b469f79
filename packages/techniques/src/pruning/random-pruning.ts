import { roundHalfEven } from '@claimbench/kernels';
import { z } from 'zod';
import { techniqueDraws } from '../draws.ts';
import { defineTechnique } from '../technique.ts';
import { readLayerWeights } from '../weights/layer-weights.ts';
import { applyMasks, removeLowest } from '../weights/masks.ts';
import { percent, SPARSITY_GRID, Sparsity } from '../weights/sparsity.ts';

export const randomPruning = defineTechnique({
  id: 'random-pruning',
  title: 'Random pruning',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Removes the same share of every matrix, drawn from the seed without a look at the weights: the control that any choice of weights has to beat.',
  equation: String.raw`W'_{ij} = W_{ij}\, m_{ij},\qquad m \text{ uniform among masks with } \operatorname{round}(s\,n) \text{ zeros}`,
  papers: [],
  parameters: z.strictObject({ sparsity: Sparsity }),
  grid: { sparsity: SPARSITY_GRID },
  label: ({ sparsity }) => percent(sparsity),
  checkConfig() {},
  async changeWeights(decoder, { sparsity }, { seed }) {
    const weights = await readLayerWeights(decoder);
    const masks = weights.flatMap(({ name, values }) =>
      removeLowest([techniqueDraws(seed, values.length, name)], roundHalfEven(sparsity * values.length)),
    );
    return applyMasks(decoder, weights, masks);
  },
});
