import { roundHalfEven } from '@claimbench/kernels';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { type LinearWeight, readLayerWeights } from '../weights/layer-weights.ts';
import { applyMasks, type Mask, magnitudes, removeLowest } from '../weights/masks.ts';
import { percent, SPARSITY_GRID, Sparsity } from '../weights/sparsity.ts';

const Parameters = z.strictObject({ sparsity: Sparsity });

/**
 * Share of each matrix that is removed: its density is proportional to (in + out) / (in out), scaled so that all matrices together
 * keep the share 1 - sparsity. A matrix whose density would pass 1 stays dense and the rest is scaled anew.
 */
export function erdosRenyiSparsities(
  shapes: readonly { outSize: number; inSize: number }[],
  sparsity: number,
): number[] {
  const sizes = shapes.map(({ outSize, inSize }) => outSize * inSize);
  const wanted = (1 - sparsity) * sum(sizes);
  const dense = new Set<number>();
  for (;;) {
    const sparse = shapes.flatMap((shape, i) => (dense.has(i) ? [] : [{ ...shape, index: i }]));
    const left = wanted - sum([...dense].map((i) => sizes[i]!));
    // density of matrix i = factor (in + out) / (in out), so it keeps factor (in + out) weights
    const factor = left / sum(sparse.map(({ outSize, inSize }) => outSize + inSize));
    const full = sparse.filter(({ outSize, inSize }) => factor * (outSize + inSize) > outSize * inSize);
    if (full.length === 0) {
      return shapes.map(({ outSize, inSize }, i) =>
        dense.has(i) ? 0 : 1 - (factor * (outSize + inSize)) / (outSize * inSize),
      );
    }
    for (const { index } of full) dense.add(index);
  }
}

/** Removes `round(sparsity_l n_l)` weights of smallest magnitude in each matrix. */
export function erdosRenyiMasks(
  weights: readonly Pick<LinearWeight, 'outSize' | 'inSize' | 'values'>[],
  sparsity: number,
): Mask[] {
  const sparsities = erdosRenyiSparsities(weights, sparsity);
  return weights.flatMap(({ values }, i) =>
    removeLowest([magnitudes(values)], roundHalfEven(sparsities[i]! * values.length)),
  );
}

export const erdosRenyi = defineTechnique({
  id: 'erdos-renyi',
  title: 'Erdős–Rényi pruning',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Magnitude pruning inside every matrix with a rate that follows from its shape alone: small matrices keep a larger share than large ' +
    'ones, as in a random bipartite graph with a given number of edges. For matrices the form with kernels (ERK) is the same.',
  equation: String.raw`1 - s_l \;\propto\; \frac{n^{\text{in}}_l + n^{\text{out}}_l}{n^{\text{in}}_l\, n^{\text{out}}_l}`,
  papers: [111],
  parameters: Parameters,
  grid: { sparsity: SPARSITY_GRID },
  label: ({ sparsity }) => percent(sparsity),
  checkConfig() {},
  async changeWeights(decoder, { sparsity }) {
    const weights = await readLayerWeights(decoder);
    return applyMasks(decoder, weights, erdosRenyiMasks(weights, sparsity));
  },
});

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
