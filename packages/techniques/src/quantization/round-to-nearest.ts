import type { Network } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { CostCounter, type WeightCosts } from '../weights/costs.ts';
import { dequantize, GRID_SCHEMES, quantizeToGrid } from '../weights/integer-grid.ts';
import { type LinearWeight, layerLinears, readEveryWeight, readLayerWeights } from '../weights/layer-weights.ts';
import { PackedLinear } from '../weights/packed-linear.ts';

const Parameters = z.strictObject({
  bits: z.number().int().min(2).max(8).default(4).meta({ title: 'Bits', description: 'Bits of a weight code' }),
  scheme: z
    .enum(GRID_SCHEMES)
    .default('symmetric')
    .meta({
      title: 'Scheme',
      description:
        'symmetric: 0 in the middle, as many levels on both sides; symmetric-full: one more negative level; affine: from the smallest to the ' +
        'largest weight, with a zero point',
    }),
  granularity: z.enum(['tensor', 'channel', 'group']).default('channel').meta({
    title: 'Granularity',
    description: 'What shares a scale: the matrix, an output channel, or a group of its inputs',
  }),
  groupSize: z
    .union([z.literal(16), z.literal(32), z.literal(64), z.literal(128)])
    .default(64)
    .meta({ title: 'Group size', description: 'Inputs that share a scale; for granularity "group"' }),
});

type Rounding = z.infer<typeof Parameters>;

export const roundToNearest = defineTechnique({
  id: 'round-to-nearest',
  title: 'Round to nearest',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    'Stores every weight of the layers as an integer of 2 to 8 bits and computes on the packed integers: each weight goes to the ' +
    'nearest point of a uniform grid whose step is set by the extreme weights of its tensor, channel or group. No data, no retraining. ' +
    'Embedding and logits stay in f32; a perceptron is rounded in every layer.',
  equation: String.raw`q = \operatorname{clamp}\!\left(\operatorname{round}\!\left(\tfrac{w}{s}\right) + z\right),\qquad \hat w = s\,(q - z)`,
  papers: [229, 28, 113, 178, 181],
  parameters: Parameters,
  grid: { bits: [8, 6, 4, 3, 2], granularity: ['tensor', 'channel', 'group'], scheme: ['symmetric', 'affine'] },
  label: ({ bits, scheme, granularity, groupSize }) =>
    `${bits} bits, per ${granularity === 'group' ? `group of ${groupSize}` : granularity}${scheme === 'symmetric' ? '' : `, ${scheme}`}`,
  encoders: true,
  checkConfig(config, parameters) {
    checkGroups(layerLinears(config), parameters);
  },
  async changeWeights(decoder, parameters) {
    return packRounded(decoder, await readLayerWeights(decoder), parameters);
  },
  perceptron: {
    checkConfig({ sizes }, parameters) {
      checkGroups(
        sizes.slice(0, -1).map((inSize, index) => ({ name: `fc${index + 1}`, inSize })),
        parameters,
      );
    },
    async changeWeights(network, parameters) {
      return packRounded(network, await readEveryWeight(network), parameters);
    },
  },
});

function checkGroups(
  linears: readonly { readonly name: string; readonly inSize: number }[],
  { granularity, groupSize }: Rounding,
): void {
  if (granularity !== 'group') return;
  const narrow = linears.find(({ inSize }) => inSize < groupSize);
  if (narrow) {
    throw doesNotFit('round-to-nearest', `groups of ${groupSize} inputs, but ${narrow.name} has ${narrow.inSize}`);
  }
}

function packRounded(
  network: Network,
  weights: readonly LinearWeight[],
  { bits, scheme, granularity, groupSize }: Rounding,
): WeightCosts {
  const costs = new CostCounter();
  for (const { name, outSize, inSize, values } of weights) {
    const columns = { tensor: null, channel: inSize, group: groupSize }[granularity];
    const grid = quantizeToGrid(values, inSize, { bits, scheme, groupSize: columns });
    const packed = new PackedLinear(network.backend, { outSize, inSize }, grid, {
      bits,
      symmetric: scheme !== 'affine',
    });
    network.replaceLinear(name, packed);
    costs.count(values, dequantize(grid, inSize), packed.storedBytes);
  }
  return costs.total;
}
