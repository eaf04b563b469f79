import { roundHalfEven } from '@claimbench/kernels';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { readLayerWeights } from '../weights/layer-weights.ts';
import { applyMasks, type Mask, removeLowest } from '../weights/masks.ts';
import { percent, SPARSITY_GRID, Sparsity } from '../weights/sparsity.ts';

const Parameters = z.strictObject({ sparsity: Sparsity });

/**
 * LAMP scores of one matrix, in its layout: the squared weight over the sum of the squares that are at least as large. The largest
 * weight has score 1; equal weights have equal scores. A matrix of zeros scores 0.
 */
export function lampScores(weights: Float32Array): Float64Array {
  const squares = Float64Array.from(weights, (w) => w * w);
  const sorted = squares.toSorted();
  // sumFrom[i] = sorted[i] + sorted[i + 1] + ...
  const sumFrom = new Float64Array(sorted.length + 1);
  for (let i = sorted.length - 1; i >= 0; i--) sumFrom[i] = sumFrom[i + 1]! + sorted[i]!;
  return squares.map((square) => (square === 0 ? 0 : square / sumFrom[firstAtLeast(sorted, square)]!));
}

/** Keeps the `round((1 - sparsity) n)` highest scores of all matrices together. */
export function lampMasks(weights: readonly Float32Array[], sparsity: number): Mask[] {
  const scores = weights.map(lampScores);
  const total = scores.reduce((sum, matrix) => sum + matrix.length, 0);
  return removeLowest(scores, total - roundHalfEven(total * (1 - sparsity)));
}

export const lamp = defineTechnique({
  id: 'lamp',
  title: 'LAMP',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Magnitude pruning with a score that is comparable between layers: a weight counts by its square relative to all weights of its ' +
    'matrix that are at least as large. The globally smallest scores go, so every matrix gets its own sparsity without a tunable ' +
    'number, and none disappears. Applied once, without retraining.',
  equation: String.raw`\operatorname{score}(u; W) = \frac{W[u]^2}{\sum_{v \ge u} W[v]^2}\qquad (|W[1]| \le |W[2]| \le \dots)`,
  papers: [111],
  parameters: Parameters,
  grid: { sparsity: SPARSITY_GRID },
  label: ({ sparsity }) => percent(sparsity),
  checkConfig() {},
  async changeWeights(decoder, { sparsity }) {
    const weights = await readLayerWeights(decoder);
    return applyMasks(
      decoder,
      weights,
      lampMasks(
        weights.map(({ values }) => values),
        sparsity,
      ),
    );
  },
});

/** Index of the first element of an ascending array that is not below `value`. */
function firstAtLeast(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
