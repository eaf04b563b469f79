import { hadamardTransform } from '@claimbench/kernels';
import { z } from 'zod';
import { techniqueDraws } from '../draws.ts';
import { defineTechnique } from '../technique.ts';
import { checkGroups, GroupSize } from '../weights/groups.ts';
import { quantizeEach } from '../weights/stored-linear.ts';
import { gaussianGrid, nearestPoint } from './gaussian-grid.ts';

export interface HiggsCodes {
  readonly codes: Uint16Array;
  /** Root mean square of each block. */
  readonly scales: Float32Array;
  readonly values: Float32Array;
}

/**
 * Every block of `blockSize` consecutive values is rotated by a Hadamard matrix, divided by its root mean square, cut into vectors of the
 * grid's dimension, and each vector goes to the nearest point; the way back gives `values`. `signs` (1 or -1 an input) are applied
 * before the rotation and undone after it.
 */
export function higgsCodes(
  weights: Float32Array,
  blockSize: number,
  grid: { readonly points: ArrayLike<number>; readonly dimension: number },
  signs: ArrayLike<number> | null = null,
): HiggsCodes {
  const { points, dimension } = grid;
  const sign = (i: number) => (signs === null ? 1 : signs[i % signs.length]!);
  const rotated = Float64Array.from(weights, (w, i) => w * sign(i));
  hadamardTransform(rotated, blockSize);
  const scales = new Float32Array(weights.length / blockSize);
  const codes = new Uint16Array(weights.length / dimension);
  for (let block = 0; block < scales.length; block++) {
    const start = block * blockSize;
    let square = 0;
    for (let i = start; i < start + blockSize; i++) square += rotated[i]! ** 2;
    const scale = Math.fround(Math.sqrt(square / blockSize));
    scales[block] = scale;
    if (scale === 0) continue;
    for (let i = start; i < start + blockSize; i++) rotated[i]! /= scale;
    for (let i = start; i < start + blockSize; i += dimension) {
      const code = nearestPoint(points, dimension, rotated, i);
      codes[i / dimension] = code;
      for (let d = 0; d < dimension; d++) rotated[i + d] = scale * points[code * dimension + d]!;
    }
  }
  hadamardTransform(rotated, blockSize);
  return { codes, scales, values: Float32Array.from(rotated, (w, i) => w * sign(i)) };
}

export const higgs = defineTechnique({
  id: 'higgs',
  title: 'HIGGS (Hadamard and a Gaussian grid)',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    'Rotates each group of weights by a Hadamard matrix with random signs, so that its entries look normal whatever they were, and rounds them, one ' +
    'by one or in pairs, to points that are best for a normal distribution. One scale a group, the root mean square; no data. Signs come ' +
    "from the seed, as in the paper (the released integration has none). The points come from Lloyd's algorithm.",
  equation: String.raw`\hat w = \tfrac{\lVert w\rVert}{\sqrt g}\; D\,H\,\mathcal{G}\!\left[\arg\min_i \bigl\lVert \tfrac{\sqrt g}{\lVert w\rVert} H D w - \mathcal{G}_i \bigr\rVert\right]`,
  papers: [178],
  parameters: z.strictObject({
    bits: z
      .number()
      .int()
      .min(2)
      .max(4)
      .default(4)
      .meta({ title: 'Bits', description: 'Bits a weight: pairs have two to the power of twice that many points' }),
    dimension: z
      .union([z.literal(1), z.literal(2)])
      .default(2)
      .meta({ title: 'Dimension', description: 'Weights that are rounded together' }),
    groupSize: GroupSize,
  }),
  grid: { bits: [4, 3, 2], dimension: [1, 2] },
  label: ({ bits, dimension, groupSize }) =>
    `${bits} bits, ${dimension === 1 ? 'single' : 'pairs'}, groups of ${groupSize}`,
  checkConfig: (config, { groupSize }) => checkGroups('higgs', config, groupSize),
  changeWeights: (decoder, { bits, dimension, groupSize }, { seed }) => {
    const grid = { points: gaussianGrid(2 ** (bits * dimension), dimension), dimension };
    return quantizeEach(decoder, ({ name, inSize, values }) => {
      const signs = techniqueDraws(seed, inSize, name).map((draw) => (draw < 0.5 ? -1 : 1));
      const { values: after, scales } = higgsCodes(values, groupSize, grid, signs);
      // Codes, a scale a group, and a bit an input for the signs.
      const storedBytes = Math.ceil((values.length * bits) / 8) + 4 * scales.length + Math.ceil(inSize / 8);
      return { values: after, storedBytes };
    });
  },
});
