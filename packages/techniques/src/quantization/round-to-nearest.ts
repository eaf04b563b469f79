import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { CostCounter } from '../weights/costs.ts';
import { dequantize, GRID_SCHEMES, quantizeToGrid } from '../weights/integer-grid.ts';
import { layerLinears, readLayerWeights } from '../weights/layer-weights.ts';
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

export const roundToNearest = defineTechnique({
  id: 'round-to-nearest',
  title: 'Round to nearest',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    'Stores every weight of the layers as an integer of 2 to 8 bits and computes on the packed integers: each weight goes to the ' +
    'nearest point of a uniform grid whose step is set by the extreme weights of its tensor, channel or group. No data, no retraining. ' +
    'Embedding and logits stay in f32.',
  equation: String.raw`q = \operatorname{clamp}\!\left(\operatorname{round}\!\left(\tfrac{w}{s}\right) + z\right),\qquad \hat w = s\,(q - z)`,
  papers: [229, 28, 113, 178, 181],
  parameters: Parameters,
  grid: { bits: [8, 6, 4, 3, 2], granularity: ['tensor', 'channel', 'group'], scheme: ['symmetric', 'affine'] },
  label: ({ bits, scheme, granularity, groupSize }) =>
    `${bits} bits, per ${granularity === 'group' ? `group of ${groupSize}` : granularity}${scheme === 'symmetric' ? '' : `, ${scheme}`}`,
  checkConfig(config, { granularity, groupSize }) {
    if (granularity !== 'group') return;
    const narrow = layerLinears(config).find(({ inSize }) => inSize < groupSize);
    if (narrow) {
      throw doesNotFit('round-to-nearest', `groups of ${groupSize} inputs, but ${narrow.name} has ${narrow.inSize}`);
    }
  },
  async changeWeights(decoder, { bits, scheme, granularity, groupSize }) {
    const costs = new CostCounter();
    for (const { name, outSize, inSize, values } of await readLayerWeights(decoder)) {
      const columns = { tensor: null, channel: inSize, group: groupSize }[granularity];
      const grid = quantizeToGrid(values, inSize, { bits, scheme, groupSize: columns });
      const packed = new PackedLinear(decoder.backend, { outSize, inSize }, grid, {
        bits,
        symmetric: scheme !== 'affine',
      });
      decoder.replaceLinear(name, packed);
      costs.count(values, dequantize(grid, inSize), packed.storedBytes);
    }
    return costs.total;
  },
});
