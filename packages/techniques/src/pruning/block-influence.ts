import { ascending, cosines, Mean, visitResidualStates } from '@claimbench/models';
import { z } from 'zod';
import { Windows } from '../calibration/parameter.ts';
import { removeFromDecoder, withoutLayers } from '../depth/remove.ts';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';

export const blockInfluence = defineTechnique({
  id: 'block-influence',
  title: 'Block influence (ShortGPT)',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Scores every layer by how much it changes the residual stream, one minus the cosine of its input and output averaged over all tokens of the ' +
    'calibration windows, and removes the layers of lowest score, wherever they stand. All scores come from the whole model; nothing is ' +
    'retrained.',
  equation: String.raw`\mathrm{BI}_l = 1 - \mathbb{E}_{t}\,\frac{x^{(l)}_t \cdot x^{(l+1)}_t}{\lVert x^{(l)}_t\rVert\,\lVert x^{(l+1)}_t\rVert}`,
  papers: [105, 253],
  parameters: z.strictObject({
    count: z.number().int().min(1).max(63).default(2).meta({ title: 'Layers', description: 'Layers removed' }),
    windows: Windows,
  }),
  grid: { count: [1, 2, 3, 4] },
  label: ({ count }) => `${count} ${count === 1 ? 'layer' : 'layers'}`,
  checkConfig(config, { count }) {
    if (count >= config.layers) {
      throw doesNotFit(
        'block-influence',
        `it removes ${count} layers and keeps at least one; the model has ${config.layers}`,
      );
    }
  },
  async changeWeights(decoder, { count, windows }, { calibrate }) {
    const means = Array.from({ length: decoder.config.layers }, () => new Mean());
    await visitResidualStates(decoder, await calibrate(windows), ({ states, width }) => {
      for (const [layer, mean] of means.entries()) mean.add(cosines(states[layer]!, states[layer + 1]!, width));
    });
    const influence = means.map(({ value }) => 1 - value);
    return await removeFromDecoder(decoder, withoutLayers(decoder, ascending(influence).slice(0, count)));
  },
});
