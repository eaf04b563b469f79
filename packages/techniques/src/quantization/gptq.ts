import { z } from 'zod';
import { Windows } from '../calibration/parameter.ts';
import { defineTechnique } from '../technique.ts';
import { checkGroups } from '../weights/groups.ts';
import { quantizeToGrid } from '../weights/integer-grid.ts';
import type { LinearWeight } from '../weights/layer-weights.ts';
import type { QuantizedWeight } from '../weights/stored-linear.ts';
import { gptqWeight } from './gptq-weight.ts';
import { quantizeLayerByLayer } from './layer-by-layer.ts';

const Bits = z.number().int().min(2).max(8).default(4).meta({ title: 'Bits', description: 'Bits of a weight code' });
const Grouping = z
  .union([z.literal(0), z.literal(16), z.literal(32), z.literal(64), z.literal(128)])
  .default(0)
  .meta({ title: 'Group size', description: 'Inputs that share a scale and a zero point; 0: a whole row' });

const gptqFields = {
  bits: Bits,
  groupSize: Grouping,
  actOrder: z.boolean().default(false).meta({
    title: 'Order',
    description: 'Inputs with the largest Hessian first; groups then keep the grid of the whole weights',
  }),
  windows: Windows,
};
const GptqParameters = z.strictObject(gptqFields);

function gptqOf(
  { values, inSize }: LinearWeight,
  products: Float64Array,
  { bits, groupSize, actOrder }: Pick<z.infer<typeof GptqParameters>, 'bits' | 'groupSize' | 'actOrder'>,
): QuantizedWeight {
  const { grid } = gptqWeight(values, inSize, products, {
    bits,
    groupSize: groupSize === 0 ? null : groupSize,
    scheme: 'affine',
    actOrder,
    staticGroups: actOrder,
    damping: 0.01,
    blockSize: 128,
  });
  if (grid === null) throw new RangeError('groups in the order of the sweep have no packed form');
  return { grid, bits, symmetric: false };
}

function settingLabel({ bits, groupSize }: { bits: number; groupSize: number }): string {
  return `${bits} bits${groupSize === 0 ? '' : `, groups of ${groupSize}`}`;
}

export const gptq = defineTechnique({
  id: 'gptq',
  title: 'GPTQ',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    'Rounds a weight column by column and makes good what each column loses in the columns that are still to come, by the inverse of the ' +
    'second moments of the inputs. Layers go from below, and inside a layer the linears in the order in which they compute, each on what the ' +
    'quantized ones before it give. Damping is 1 % of the mean second moment; codes are packed and computed on.',
  equation: String.raw`\delta_F = -\frac{w_q - \operatorname{quant}(w_q)}{[H_F^{-1}]_{qq}}\,(H_F^{-1})_{:,q},\qquad H = 2XX^{\top}`,
  papers: [113, 181],
  parameters: GptqParameters,
  grid: { bits: [8, 4, 3, 2], groupSize: [0, 16, 32] },
  label: (parameters) => settingLabel(parameters),
  checkConfig: (config, { groupSize }) => checkGroups('gptq', config, groupSize === 0 ? 1 : groupSize),
  changeWeights: async (decoder, parameters, { calibrate }) =>
    await quantizeLayerByLayer(decoder, await calibrate(parameters.windows), {
      quantize: (weight, products) => gptqOf(weight, products, parameters),
      propagation: null,
    }),
});

export const qep = defineTechnique({
  id: 'qep',
  title: 'QEP (error propagation)',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    "Quantizes from below and moves each weight, before it is rounded, to where it gives the clean model's outputs on the inputs that the quantized " +
    'layers really give. The strength says how much of that correction is made. The base quantizer is rounding to nearest or GPTQ; strength 0 is ' +
    'the base alone. Here every matrix is corrected, where the released code leaves out the last one of the MLP, and the damping, relative to ' +
    'the mean second moment, is the released 1.',
  equation: String.raw`W^* = W + \alpha\, W (X - \hat X)\hat X^{\top} \bigl(\hat X \hat X^{\top} + \lambda I\bigr)^{-1}`,
  papers: [181],
  parameters: z.strictObject({
    ...gptqFields,
    base: z
      .enum(['round-to-nearest', 'gptq'])
      .default('gptq')
      .meta({ title: 'Base', description: 'What rounds the corrected weights' }),
    strength: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .meta({ title: 'Strength', description: 'Share of the correction that is made' }),
    damping: z
      .number()
      .positive()
      .max(100)
      .default(1)
      .meta({ title: 'Damping', description: 'Relative to the mean second moment of the inputs' }),
  }),
  grid: { bits: [4, 3, 2], strength: [0, 0.25, 0.5, 1], base: ['gptq', 'round-to-nearest'] },
  label: (parameters) =>
    `${parameters.base === 'gptq' ? 'GPTQ' : 'rounding'}, ${settingLabel(parameters)}, strength ${parameters.strength}`,
  checkConfig: (config, { groupSize }) => checkGroups('qep', config, groupSize === 0 ? 1 : groupSize),
  changeWeights: async (decoder, parameters, { calibrate }) => {
    const { base, bits, groupSize, strength, damping, windows } = parameters;
    return await quantizeLayerByLayer(decoder, await calibrate(windows), {
      quantize(weight, products) {
        if (base === 'gptq') return gptqOf(weight, products, parameters);
        const { values, inSize } = weight;
        const columns = groupSize === 0 ? inSize : groupSize;
        return {
          grid: quantizeToGrid(values, inSize, { bits, scheme: 'affine', groupSize: columns }),
          bits,
          symmetric: false,
        };
      },
      propagation: { strength, damping },
    });
  },
});
