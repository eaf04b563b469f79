import { z } from 'zod';
import { Windows } from '../calibration/parameter.ts';
import { defineTechnique } from '../technique.ts';
import { checkPattern, percent, SPARSITY_GRID, Sparsity, SparsityPatternField } from '../weights/sparsity.ts';
import { pruneLayerByLayer } from './prune-layer-by-layer.ts';
import { sparseGptWeight } from './sparsegpt-weight.ts';
import { patternNumbers } from './wanda.ts';

export const sparseGpt = defineTechnique({
  id: 'sparsegpt',
  title: 'SparseGPT',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Removes the weights whose loss the others can make good best, and makes it good: columns are gone through from left to right, the cheapest ' +
    'weights of each block of 128 columns become zero, and the columns to come take over what was lost, by the inverse of the second ' +
    'moments of the inputs (damped by 1 %). Layers go from below on calibration text. As in the released code a threshold belongs to a block ' +
    'and all its rows.',
  equation: String.raw`\varepsilon_{ij} = \frac{w_{ij}^2}{[H^{-1}]_{jj}},\qquad w \leftarrow w - \frac{w_{ij}}{[H^{-1}]_{jj}}\,H^{-1}_{:,j}`,
  papers: [],
  parameters: z.strictObject({ sparsity: Sparsity, pattern: SparsityPatternField, windows: Windows }),
  grid: { sparsity: SPARSITY_GRID, pattern: ['free', '2:4', '4:8'] },
  label: ({ sparsity, pattern }) => (pattern === 'free' ? percent(sparsity) : pattern),
  checkConfig: (config, { pattern }) => checkPattern('sparsegpt', config, pattern),
  changeWeights: async (decoder, { sparsity, pattern, windows }, { calibrate }) =>
    await pruneLayerByLayer(decoder, await calibrate(windows), ({ values, inSize }, products) => {
      // The threshold of the released code removes one weight even of a share of nothing.
      if (pattern === 'free' && sparsity === 0) return values;
      const numbers = pattern === 'free' ? null : patternNumbers(pattern);
      const options = { sparsity, pattern: numbers, blockSize: 128, damping: 0.01, bits: null };
      return sparseGptWeight(values, inSize, products, options).values;
    }),
});
