import { ascending, cosines, type Decoder, Mean, type TokenWindows, visitResidualStates } from '@claimbench/models';
import { z } from 'zod';
import { Windows } from '../calibration/parameter.ts';
import { techniqueDraws } from '../draws.ts';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { checkGroups, GroupSize } from '../weights/groups.ts';
import { quantizeToGrid } from '../weights/integer-grid.ts';
import { type LinearWeight, readLayerWeights } from '../weights/layer-weights.ts';
import { type QuantizedWeight, quantizeEach } from '../weights/stored-linear.ts';
import { hqqWeight } from './hqq.ts';

const ORDERS = ['change', 'z-score', 'reversed-change', 'reversed-z-score', 'random'] as const;

const Bits = (fallback: number, description: string) =>
  z
    .number()
    .int()
    .min(2)
    .max(8)
    .default(fallback)
    .meta({ title: description, description: `${description} of a weight code` });

const Parameters = z.strictObject({
  highBits: Bits(4, 'Bits of important layers'),
  lowBits: Bits(2, 'Bits of the others'),
  lowered: z
    .number()
    .int()
    .min(0)
    .max(64)
    .default(2)
    .meta({ title: 'Lowered', description: 'Layers at the lower bits' }),
  order: z
    .enum(ORDERS)
    .default('change')
    .meta({
      title: 'Importance',
      description:
        'change: how much a layer turns the stream; z-score: how few of its weights lie one deviation above their mean; reversed: the most ' +
        'important layers are lowered first (control); random: drawn from the seed',
    }),
  quantizer: z
    .enum(['round-to-nearest', 'hqq'])
    .default('round-to-nearest')
    .meta({ title: 'Quantizer', description: 'What rounds the weights, in groups, with a zero point' }),
  groupSize: GroupSize,
  windows: Windows,
});
type Parameters = z.infer<typeof Parameters>;

/** Share of weights more than one standard deviation above the mean of all weights given. */
export function shareAboveDeviation(matrices: readonly Float32Array[]): number {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (const values of matrices) {
    count += values.length;
    for (const w of values) {
      sum += w;
      squares += w * w;
    }
  }
  const mean = sum / count;
  const deviation = Math.sqrt(squares / count - mean * mean);
  let above = 0;
  for (const values of matrices) for (const w of values) if ((w - mean) / deviation > 1) above += 1;
  return above / count;
}

/** Minus the mean cosine of each layer's input and output over all tokens: large where a layer changes much. */
async function changes(decoder: Decoder, windows: TokenWindows): Promise<number[]> {
  const means = Array.from({ length: decoder.config.layers }, () => new Mean());
  await visitResidualStates(decoder, windows, ({ states, width }) => {
    for (const [layer, mean] of means.entries()) mean.add(cosines(states[layer]!, states[layer + 1]!, width));
  });
  return means.map(({ value }) => -value);
}

/** Importance of every layer by the order asked for: the lowest are lowered first. */
async function importanceOf(
  decoder: Decoder,
  weights: readonly LinearWeight[],
  { order, windows }: Parameters,
  context: { seed: number; calibrate(windows: number): Promise<TokenWindows> },
): Promise<number[]> {
  const { layers } = decoder.config;
  const reversed = order.startsWith('reversed-') ? -1 : 1;
  switch (order) {
    case 'random':
      return [...techniqueDraws(context.seed, layers, 'layers')];
    case 'change':
    case 'reversed-change':
      return (await changes(decoder, await context.calibrate(windows))).map((change) => reversed * change);
    case 'z-score':
    case 'reversed-z-score':
      return Array.from({ length: layers }, (_, layer) => {
        const ours = weights.filter(({ name }) => name.startsWith(`layers.${layer}.`));
        return -reversed * shareAboveDeviation(ours.map(({ values }) => values));
      });
  }
}

function quantized(
  { values, inSize }: LinearWeight,
  bits: number,
  { quantizer, groupSize }: Parameters,
): QuantizedWeight {
  if (quantizer === 'hqq') return hqqWeight(values, bits, groupSize);
  return { grid: quantizeToGrid(values, inSize, { bits, scheme: 'affine', groupSize }), bits, symmetric: false };
}

export const layerwiseBits = defineTechnique({
  id: 'layerwise-bits',
  title: 'Layer-wise variable bits',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    'Ranks whole layers by importance, keeps the important ones at the higher bit-width and moves the least important to the lower one, over any ' +
    'quantizer. Importance is how much a layer turns the residual stream (minus the cosine of its input and output over all tokens), or how ' +
    'few of its weights lie more than one standard deviation above their mean. The deviation is taken over all weights of a layer together.',
  equation: String.raw`\mathrm{LIM}_l = -\cos\!\left(x^{(l)}, x^{(l+1)}\right),\qquad \mathrm{ZD}_l = \tfrac{1}{n}\,\#\{\,i : (w_i - \mu)/\sigma > 1\,\}`,
  papers: [113],
  parameters: Parameters,
  grid: { lowered: [0, 1, 2, 4, 6, 8], order: ['change', 'z-score', 'random'] },
  label: ({ highBits, lowBits, lowered, order }) => `${lowered} layers at ${lowBits} of ${highBits} bits, by ${order}`,
  checkConfig(config, { lowered, groupSize }) {
    if (lowered > config.layers) {
      throw doesNotFit('layerwise-bits', `it lowers ${lowered} layers; the model has ${config.layers}`);
    }
    checkGroups('layerwise-bits', config, groupSize);
  },
  async changeWeights(decoder, parameters, context) {
    const importance = await importanceOf(decoder, await readLayerWeights(decoder), parameters, context);
    const low = new Set(ascending(importance).slice(0, parameters.lowered));
    return await quantizeEach(decoder, (weight) => {
      const layer = Number(weight.name.split('.')[1]);
      return quantized(weight, low.has(layer) ? parameters.lowBits : parameters.highBits, parameters);
    });
  },
});
