import { roundHalfEven } from '@claimbench/kernels';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { readLayerWeights } from '../weights/layer-weights.ts';
import { applyMasks, type Mask, magnitudes, removeLowest } from '../weights/masks.ts';
import { percent, SPARSITY_GRID, Sparsity } from '../weights/sparsity.ts';

const Parameters = z.strictObject({
  sparsity: Sparsity,
  scope: z
    .enum(['layer', 'global'])
    .default('layer')
    .meta({ title: 'Scope', description: 'layer: every matrix loses the same share; global: one threshold for all' }),
});

/** Removes `round(sparsity n)` weights of each matrix, or of all together: those of smallest magnitude. */
export function magnitudeMasks(
  weights: readonly Float32Array[],
  { sparsity, scope }: z.infer<typeof Parameters>,
): Mask[] {
  const scores = weights.map(magnitudes);
  if (scope === 'layer') {
    return scores.flatMap((matrix) => removeLowest([matrix], roundHalfEven(sparsity * matrix.length)));
  }
  const total = scores.reduce((sum, matrix) => sum + matrix.length, 0);
  return removeLowest(scores, roundHalfEven(sparsity * total));
}

export const magnitude = defineTechnique({
  id: 'magnitude',
  title: 'Magnitude pruning',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Sets the weights of smallest absolute value to zero, once and without retraining: the same share in every matrix (layer), or ' +
    'the smallest of all matrices together (global).',
  equation: String.raw`W'_{ij} = W_{ij}\,[\,|W_{ij}| > \tau\,],\qquad \tau:\ \#\{|W_{ij}| \le \tau\} = \operatorname{round}(s\,n)`,
  papers: [],
  parameters: Parameters,
  grid: { sparsity: SPARSITY_GRID, scope: ['layer', 'global'] },
  label: ({ sparsity, scope }) => `${percent(sparsity)} ${scope === 'layer' ? 'of every matrix' : 'of all weights'}`,
  encoders: true,
  checkConfig() {},
  async changeWeights(decoder, parameters) {
    const weights = await readLayerWeights(decoder);
    return applyMasks(
      decoder,
      weights,
      magnitudeMasks(
        weights.map(({ values }) => values),
        parameters,
      ),
    );
  },
});
