import type { Decoder, TokenWindows } from '@claimbench/models';
import { z } from 'zod';
import { Windows } from '../calibration/parameter.ts';
import { defineTechnique } from '../technique.ts';
import type { WeightCosts } from '../weights/costs.ts';
import type { Mask } from '../weights/masks.ts';
import {
  checkPattern,
  percent,
  SPARSITY_GRID,
  Sparsity,
  type SparsityPattern,
  SparsityPatternField,
} from '../weights/sparsity.ts';
import { pruneLayerByLayer } from './prune-layer-by-layer.ts';

/** |W_ij| times the norm of input j over the calibration tokens; `squaredNorms` up to a common factor. */
export function wandaScores(values: Float32Array, squaredNorms: Float64Array): Float64Array {
  const norms = squaredNorms.map(Math.sqrt);
  return Float64Array.from(values, (w, i) => Math.abs(w) * norms[i % norms.length]!);
}

/**
 * The mask of one matrix: `floor(sparsity inSize)` weights of every row go, or n of every m consecutive inputs, those of lowest score;
 * of equal scores those that come first, as a stable sort finds them.
 */
export function rowMask(scores: Float64Array, inSize: number, sparsity: number, pattern: SparsityPattern): Mask {
  const mask = new Uint8Array(scores.length).fill(1);
  const [remove, run] = pattern === 'free' ? [Math.floor(inSize * sparsity), inSize] : patternNumbers(pattern);
  for (let start = 0; start < scores.length; start += run) {
    const order = Array.from({ length: run }, (_, i) => start + i).sort((a, b) => scores[a]! - scores[b]! || a - b);
    for (const index of order.slice(0, remove)) mask[index] = 0;
  }
  return mask;
}

/** "2:4" as [2, 4]: two of every four are removed. */
export function patternNumbers(pattern: Exclude<SparsityPattern, 'free'>): [number, number] {
  return pattern === '2:4' ? [2, 4] : [4, 8];
}

interface WandaOptions {
  readonly sparsity: number;
  readonly pattern: SparsityPattern;
}

export async function pruneByWanda(
  decoder: Decoder,
  windows: TokenWindows,
  { sparsity, pattern }: WandaOptions,
): Promise<WeightCosts> {
  return await pruneLayerByLayer(decoder, windows, ({ values, inSize }, products) => {
    const squaredNorms = Float64Array.from({ length: inSize }, (_, j) => products[j * (inSize + 1)]!);
    const mask = rowMask(wandaScores(values, squaredNorms), inSize, sparsity, pattern);
    return values.map((w, i) => (mask[i] === 1 ? w : 0));
  });
}

export const wanda = defineTechnique({
  id: 'wanda',
  title: 'Wanda',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Removes, in every output row by itself, the weights of smallest magnitude times the norm of their input over calibration text; nothing else ' +
    'changes. Layers are pruned from below, so that each sees what the pruned layers under it give. A pattern n:m removes n of every m ' +
    'consecutive inputs instead of a share.',
  equation: String.raw`S_{ij} = |W_{ij}| \cdot \lVert X_j \rVert_2`,
  papers: [],
  parameters: z.strictObject({ sparsity: Sparsity, pattern: SparsityPatternField, windows: Windows }),
  grid: { sparsity: SPARSITY_GRID, pattern: ['free', '2:4', '4:8'] },
  label: ({ sparsity, pattern }) => (pattern === 'free' ? percent(sparsity) : pattern),
  checkConfig: (config, { pattern }) => checkPattern('wanda', config, pattern),
  changeWeights: async (decoder, { sparsity, pattern, windows }, { calibrate }) =>
    await pruneByWanda(decoder, await calibrate(windows), { sparsity, pattern }),
});
