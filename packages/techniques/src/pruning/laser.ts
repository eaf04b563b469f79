import { matrix, product, svd, transposed } from '@claimbench/kernels';
import { ATTENTION_LINEARS, MLP_LINEARS } from '@claimbench/models';
import { z } from 'zod';
import { techniqueDraws } from '../draws.ts';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { CostCounter } from '../weights/costs.ts';
import { layerLinears, readLayerWeights } from '../weights/layer-weights.ts';
import { StoredLinear } from '../weights/stored-linear.ts';

const MATRICES = [...ATTENTION_LINEARS, ...MLP_LINEARS] as const;

/** Sum of the singular components whose numbers are given: 0 is the largest. */
export function components(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  kept: readonly number[],
): Float32Array {
  const { u, s, v } = svd(matrix(rows, columns, values));
  const scaled = { rows, columns: kept.length, values: new Float64Array(rows * kept.length) };
  const right = { rows: columns, columns: kept.length, values: new Float64Array(columns * kept.length) };
  kept.forEach((component, k) => {
    for (let i = 0; i < rows; i++)
      scaled.values[i * kept.length + k] = u.values[i * u.columns + component]! * s[component]!;
    for (let j = 0; j < columns; j++) right.values[j * kept.length + k] = v.values[j * v.columns + component]!;
  });
  return Float32Array.from(product(scaled, transposed(right)).values);
}

/** `floor(min(rows, columns) keep)`, one at least. */
export function keptRank(rows: number, columns: number, keep: number): number {
  return Math.max(1, Math.floor(Math.min(rows, columns) * keep + 1e-9));
}

export const laser = defineTechnique({
  id: 'laser',
  title: 'LASER rank reduction',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Replaces one matrix of one layer by the sum of its largest singular components. "random" removes as many components drawn from the seed, a ' +
    'control. The truncation is exact, as the paper describes it; the released code uses a randomised decomposition of the same rank. A reduced ' +
    'matrix is counted as two thin factors where these are smaller.',
  equation: String.raw`W' = U_k \Sigma_k V_k^{\top},\qquad k = \lfloor \rho \min(m, n) \rfloor`,
  papers: [252],
  parameters: z.strictObject({
    layer: z.number().int().min(0).max(63).default(0).meta({ title: 'Layer', description: 'Counted from 0' }),
    matrix: z.enum(MATRICES).default('down_proj').meta({ title: 'Matrix', description: 'Which matrix of the layer' }),
    keep: z
      .number()
      .positive()
      .max(1)
      .default(0.1)
      .meta({ title: 'Kept rank', description: 'Share of the components that stay, one at least' }),
    remove: z.enum(['smallest', 'random']).default('smallest').meta({
      title: 'Removed',
      description: 'smallest: the smallest components; random: drawn from the seed (control)',
    }),
  }),
  grid: { keep: [0.9, 0.5, 0.2, 0.1, 0.05], matrix: [...MATRICES], layer: [0, 1, 2, 3] },
  label: ({ layer, matrix: name, keep, remove }) =>
    `${name} of layer ${layer}, ${Number((100 * keep).toFixed(1))} % of the rank${remove === 'random' ? ', random' : ''}`,
  checkConfig(config, { layer, matrix: name }) {
    if (layer >= config.layers) throw doesNotFit('laser', `it names layer ${layer}; the model has ${config.layers}`);
    const found = layerLinears(config).some(
      (linear) => linear.name.startsWith(`layers.${layer}.`) && linear.name.endsWith(name),
    );
    if (!found) throw doesNotFit('laser', `the layers of this model have no ${name}`);
  },
  async changeWeights(decoder, { layer, matrix: chosen, keep, remove }, { seed }) {
    const costs = new CostCounter();
    for (const { name, outSize, inSize, values } of await readLayerWeights(decoder)) {
      if (!name.startsWith(`layers.${layer}.`) || !name.endsWith(chosen)) {
        costs.count(values, values, 4 * values.length);
        continue;
      }
      const rank = keptRank(outSize, inSize, keep);
      const all = Array.from({ length: Math.min(outSize, inSize) }, (_, component) => component);
      if (remove === 'random') {
        const drawn = techniqueDraws(seed, all.length, name);
        all.sort((a, b) => drawn[a]! - drawn[b]!);
      }
      const reduced = components(values, outSize, inSize, all.slice(0, rank));
      const storedBytes = 4 * Math.min(values.length, rank * (outSize + inSize));
      decoder.replaceLinear(name, new StoredLinear(decoder.backend, { outSize, inSize }, reduced, storedBytes));
      costs.count(values, reduced, storedBytes);
    }
    return costs.total;
  },
});
