import { fullPlan } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { tokensField } from '../trained-on.ts';
import { CostCounter } from '../weights/costs.ts';
import { readLayerWeights } from '../weights/layer-weights.ts';
import { layerSkipTraining } from './layer-skip.ts';

export const layerSkipContinued = defineTechnique({
  id: 'layer-skip-continued',
  title: 'LayerSkip, training continued',
  family: 'layer-skipping',
  seam: 'checkpoint',
  summary:
    'Trains a plainly trained model on for a while with the recipe of LayerSkip, so that it can stop early. As the paper does it for a model that was trained ' +
    'before, the rate of layer dropout rises with depth alone, not with the steps. Without dropout and exit loss it is the same training in ' +
    'the ordinary way, which a comparison needs.',
  equation: String.raw`p_{l} = \Bigl(2^{\frac{l}{L-1}} - 1\Bigr)\,p_{\max},\qquad J = \sum_{l=0}^{L-1} \tilde e(t,l)\,J_{\mathrm{CE}}\bigl(g(x_{l+1}), y\bigr)`,
  papers: [121],
  parameters: z.strictObject({
    exit: z.number().int().min(1).max(64).nullable().default(null).meta({
      title: 'Exit',
      description: 'Layers that the trained model runs before the head; empty: all of them',
    }),
    tokens: tokensField('Tokens that the model is trained on further', 50_000),
    learningRate: z.number().positive().max(1).default(2e-3).meta({
      title: 'Rate',
      description: 'Learning rate of that training',
    }),
    rate: z.number().min(0).max(0.9).default(0.1).meta({
      title: 'Layer dropout',
      description: 'Rate of the last layer; 0: no layer is dropped',
    }),
    scale: z.number().min(0).max(10).default(0.2).meta({
      title: 'Exit scale',
      description: 'Factor of the losses of all exits but the last; 0: the last alone',
    }),
    stride: z.number().int().min(1).max(64).default(4).meta({
      title: 'Stride',
      description: 'Every n-th exit has a share in a step, moving up by one each step',
    }),
  }),
  grid: { exit: [null, 2, 4], tokens: [25_000, 50_000], scale: [0, 0.2] },
  label: ({ exit, tokens, rate, scale }) =>
    [
      `${tokens} tokens`,
      ...(rate === 0 && scale === 0 ? ['ordinary'] : [`dropout ${rate}, exit scale ${scale}`]),
      ...(exit === null ? [] : [`exit after ${exit}`]),
    ].join(', '),
  checkConfig({ layers, plan }, { exit }) {
    if (plan !== null)
      throw doesNotFit('layer-skip-continued', 'it trains a model that runs its layers once, in order');
    if (exit !== null && exit > layers) {
      throw doesNotFit('layer-skip-continued', `the exit is after ${exit} layers; the model has ${layers}`);
    }
  },
  tokensTrained: ({ tokens }) => tokens,
  async changeWeights(decoder, { exit, tokens, learningRate, rate, scale, stride }, { trainOn }) {
    const before = await readLayerWeights(decoder);
    await trainOn(decoder, { tokens, learningRate }, (trained, context) =>
      layerSkipTraining(
        trained,
        { rate, scale, stride, depth: 'exponential', time: 'constant', weighting: 'sum', curriculum: 'rotational' },
        context,
      ),
    );
    const costs = new CostCounter();
    for (const { name, values } of before) {
      costs.count(values, await decoder.readParameter(`${name}.weight`), 4 * values.length);
    }
    const { layers } = decoder.config;
    decoder.plan = fullPlan(layers).slice(0, exit ?? layers);
    return costs.total;
  },
});
