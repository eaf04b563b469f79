import { parseDecoderConfig, parseFeedForwardConfig } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';

export const bitnetBottomUp = defineTechnique({
  id: 'bitnet-bottom-up',
  title: '1.58-bit training (BitLinear)',
  family: 'quantization',
  seam: 'architecture',
  summary:
    'Trains the model from scratch with BitLinear in every layer: in each pass weights are rounded to -1, 0 or 1 times the mean of their magnitudes and ' +
    'inputs, behind a LayerNorm without parameters, to 8 bits by the largest of each token; gradients pass the rounding as if it were not there. ' +
    'The weights that are trained stay in full precision; stored they take two bits each. Of the two measures that the study explores this is the mean ' +
    '(the released code begins with the median). In a decoder embedding and logits stay as they are, in a perceptron every layer is one. Biases are added to the product as they are, where the released code shrinks them by both scales.',
  equation: String.raw`y = Q_8(\mathrm{LN}(x))\,Q_{1.58}(W)^{\top},\qquad Q_{1.58}(W) = s\,\mathrm{clip}\!\left(\mathrm{round}(W/s), -1, 1\right),\quad s = \overline{|W|}`,
  papers: [289],
  parameters: z.strictObject({
    norm: z.boolean().default(true).meta({
      title: 'Inner norm',
      description: 'Whether inputs pass a LayerNorm without parameters before they are rounded',
    }),
    lambda: z.number().min(0).max(1).default(1).meta({
      title: 'Lambda',
      description: 'Share of rounding in what a pass computes with; 0 leaves the inner norm alone',
    }),
  }),
  grid: { lambda: [0, 0.5, 1] },
  label: ({ norm, lambda }) => `${norm ? '' : 'no inner norm, '}lambda ${lambda}`,
  changeConfig: (config, { norm, lambda }) => parseDecoderConfig({ ...config, linears: { kind: 'bit', norm, lambda } }),
  perceptron: {
    changeConfig: (config, { norm, lambda }) =>
      parseFeedForwardConfig({ ...config, linears: { kind: 'bit', norm, lambda } }),
  },
});
