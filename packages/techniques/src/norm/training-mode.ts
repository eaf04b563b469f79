import { concat, scale, slice } from '@claimbench/kernels';
import type { Decoder } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { CostCounter } from '../weights/costs.ts';
import { readLayerWeights } from '../weights/layer-weights.ts';

/** Puts other rows beside those of every batch (its first one, scaled and turned round), and takes them away before the logits. */
function addCompanions(decoder: Decoder, companions: number): void {
  if (companions === 0) return;
  decoder.hooks.on('embedding.output', (x) => {
    const others = Array.from({ length: companions }, (_, i) =>
      scale(slice(x, 0, 0, 1), (i % 2 === 0 ? -1 : 1) * (1 + i / 4)),
    );
    return concat([x, ...others], 0);
  });
  decoder.hooks.on('final.output', (x) => slice(x, 0, 0, x.shape[0]! - companions));
}

export const trainingMode = defineTechnique({
  id: 'training-mode',
  title: 'Passes as in training',
  family: 'norm',
  seam: 'checkpoint',
  summary:
    'Changes nothing in the weights: the trained model computes from now on as it does in training, with norms of batch statistics going by the batch, and, ' +
    'where asked for, with other rows in every batch beside the ones that are judged. What depends on neither (LayerNorm, RMSNorm) gives the same ' +
    'losses to the bit.',
  equation: String.raw`f_{\mathrm{train}}(x_i;\, x_1, \dots, x_B) = f_{\mathrm{test}}(x_i)`,
  papers: [109],
  parameters: z.strictObject({
    training: z
      .boolean()
      .default(true)
      .meta({ title: 'Training', description: 'Whether passes count as passes of training' }),
    companions: z.number().int().min(0).max(63).default(0).meta({
      title: 'Companions',
      description: 'Other rows in every batch: its first one, larger and larger',
    }),
  }),
  grid: { companions: [0, 1, 6, 15] },
  label: ({ training, companions }) => `${training ? 'training' : 'test'}, ${companions} companions`,
  checkConfig() {},
  async changeWeights(decoder, { training, companions }) {
    decoder.training = training;
    addCompanions(decoder, companions);
    const costs = new CostCounter();
    for (const { values } of await readLayerWeights(decoder)) costs.count(values, values, 4 * values.length);
    return costs.total;
  },
});
