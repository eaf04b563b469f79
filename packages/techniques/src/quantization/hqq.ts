import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { checkGroups, GroupSize } from '../weights/groups.ts';
import { type QuantizedWeight, quantizeEach } from '../weights/stored-linear.ts';
import { halfQuadraticGrid } from './half-quadratic.ts';

/** The released settings of the optimisation. */
const OPTIMISATION = { norm: 0.7, beta: 10, iterations: 20 } as const;

export function hqqWeight(values: Float32Array, bits: number, groupSize: number): QuantizedWeight {
  const { codes, scales, zeros } = halfQuadraticGrid(values, groupSize, { bits, ...OPTIMISATION });
  return { grid: { codes, scales, zeroPoints: zeros, groupSize }, bits, symmetric: false };
}

export const hqq = defineTechnique({
  id: 'hqq',
  title: 'HQQ (half-quadratic)',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    'Half-quadratic quantization without data: integers with a scale and a zero point for each group of inputs, where the zero point is ' +
    'moved, in a few closed-form steps, to where a norm of the error that forgives few large errors is small. Codes are packed and ' +
    'computed on; scales and zero points count four bytes each.',
  equation: String.raw`\min_{z,\,e}\; \lVert e \rVert_p^p + \tfrac{\beta}{2}\lVert e - (W - s(q - z))\rVert_2^2,\qquad q = \operatorname{clamp}\!\left(\operatorname{round}\!\left(\tfrac{W}{s} + z\right)\right),\; p < 1`,
  papers: [113, 178],
  parameters: z.strictObject({
    bits: z.number().int().min(2).max(8).default(4).meta({ title: 'Bits', description: 'Bits of a weight code' }),
    groupSize: GroupSize,
  }),
  grid: { bits: [8, 4, 3, 2] },
  label: ({ bits, groupSize }) => `${bits} bits, groups of ${groupSize}`,
  checkConfig: (config, { groupSize }) => checkGroups('hqq', config, groupSize),
  changeWeights: (decoder, { bits, groupSize }) =>
    quantizeEach(decoder, ({ values }) => hqqWeight(values, bits, groupSize)),
});
