import { dropFromPlan, fullPlan } from '@claimbench/models';
import { z } from 'zod';
import { selectLayers } from '../depth/select-layers.ts';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { trainWithDropout } from './dropout-training.ts';

export const layerDrop = defineTechnique({
  id: 'layer-drop',
  title: 'LayerDrop',
  family: 'layer-skipping',
  seam: 'training',
  summary:
    'Structured dropout of whole layers while the model is trained, every layer at the same rate and for the whole batch at once, so that layers can be ' +
    'left out afterwards without retraining. Layers left out then are spread evenly over the depth, first and last kept, which is the ' +
    'paper’s "every other" strategy for shares other than a half. A dropped layer is passed unchanged, kept ones are not rescaled.',
  equation: String.raw`x_{l+1} = x_l + m_l\,f_l(x_l),\qquad m_l \sim \mathrm{Bernoulli}(1 - p)\ \text{in training},\quad m_l = [\,l \notin S\,]\ \text{afterwards}`,
  papers: [121, 219],
  parameters: z.strictObject({
    rate: z
      .number()
      .min(0)
      .max(0.9)
      .default(0.2)
      .meta({ title: 'Rate', description: 'Chance that a layer is left out of a training step' }),
    dropped: z
      .number()
      .int()
      .min(0)
      .max(64)
      .default(0)
      .meta({ title: 'Left out afterwards', description: 'Layers that the trained model leaves out, spread evenly' }),
  }),
  grid: { rate: [0, 0.1, 0.2], dropped: [0, 1, 2, 4] },
  label: ({ rate, dropped }) => `rate ${rate}${dropped === 0 ? '' : `, ${dropped} layers left out`}`,
  trainedWith: (parameters) => ({ ...parameters, dropped: 0 }),
  changeTraining: (decoder, { rate }, context) =>
    trainWithDropout(decoder, context, { rate: () => rate, unit: 'batch', rescaled: false }),
  planLayers({ layers, plan }, { dropped }) {
    if (plan !== null) throw doesNotFit('layer-drop', 'it trains a model that runs its layers once, in order');
    const selection = { select: 'even', count: dropped, share: 0, layers: [] } as const;
    const chosen = selectLayers('layer-drop', selection, layers, () => new Float64Array(0));
    return dropFromPlan(fullPlan(layers), chosen, 'layer');
  },
});
