import { addLora, isAdapter } from '@claimbench/models';
import { z } from 'zod';
import { NORMAL_FLOATS } from '../quantization/normal-float.ts';
import { tableCodes } from '../quantization/table-codes.ts';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';
import { rateField, tokensField } from '../trained-on.ts';
import { checkGroups, GroupSize } from '../weights/groups.ts';
import { layerLinears } from '../weights/layer-weights.ts';
import { StoredLinear } from '../weights/stored-linear.ts';
import {
  checkRemoval,
  checkRemovalFits,
  costsSince,
  removalFields,
  removalLabel,
  removeLayers,
} from './removed-layers.ts';

export const lowRankAdapters = defineTechnique({
  id: 'low-rank-adapters',
  title: 'Low-rank adapters (LoRA, QLoRA)',
  family: 'pruning',
  seam: 'checkpoint',
  summary:
    'Trains a product of two thin matrices beside every linear of the layers, and nothing else. Before that, layers may be taken out by another technique, and what is left may ' +
    'be stored as normal floats of few bits: healing with QLoRA after removing layers is both. Adapters beside f32 weights are added to them in the end ' +
    'and cost nothing; beside packed weights they stay and are counted in f32. The second quantization of the scales is left out.',
  equation: String.raw`y = \hat W x + \tfrac{\alpha}{r}\,B A x,\qquad A \in \mathbb{R}^{r \times n},\ B \in \mathbb{R}^{m \times r},\quad B_0 = 0`,
  papers: [253, 187],
  parameters: z
    .strictObject({
      ...removalFields('drop-layers', 0),
      bits: z.number().int().min(2).max(4).nullable().default(null).meta({
        title: 'Bits',
        description: 'Normal floats of so many bits in place of the weights before training; empty: they stay in f32',
      }),
      groupSize: GroupSize,
      rank: z.number().int().min(1).max(256).default(4).meta({ title: 'Rank', description: 'Rank r of the adapters' }),
      alpha: z.number().positive().max(1024).default(8).meta({
        title: 'Alpha',
        description: 'What an adapter adds is multiplied by alpha / rank',
      }),
      tokens: tokensField('Tokens that the adapters are trained on', 25_000),
      learningRate: rateField(5e-3),
    })
    .superRefine(checkRemoval),
  grid: { rank: [2, 4, 8], bits: [null, 4, 3, 2], tokens: [10_000, 25_000, 50_000] },
  label: (parameters) => {
    const { bits, rank, tokens } = parameters;
    return `${removalLabel(parameters)}, ${bits === null ? '' : `${bits} bits, `}rank ${rank}, ${tokens} tokens`;
  },
  checkConfig(config, parameters) {
    const { bits, groupSize, rank } = parameters;
    checkRemovalFits('low-rank-adapters', config, parameters);
    if (bits !== null) checkGroups('low-rank-adapters', config, groupSize);
    const narrow = layerLinears(config).find(({ inSize, outSize }) => rank > Math.min(inSize, outSize));
    if (narrow === undefined) return;
    const { name, inSize, outSize } = narrow;
    throw doesNotFit('low-rank-adapters', `adapters of rank ${rank}, but ${name} is ${outSize} by ${inSize}`);
  },
  tokensTrained: ({ tokens }) => tokens,
  async changeWeights(decoder, parameters, context) {
    const { bits, groupSize, rank, alpha, tokens, learningRate } = parameters;
    const removed = await removeLayers(decoder, parameters, context);
    const names = layerLinears(decoder.config)
      .map(({ name }) => name)
      .filter((name) => decoder.linears.has(name));
    await addLora(decoder, names, { rank, alpha }, context.seed, (weight) => {
      if (bits === null) return weight;
      const { values, largest } = tableCodes(weight.data, groupSize, NORMAL_FLOATS[bits]!);
      const storedBytes = Math.ceil((values.length * bits) / 8) + 4 * largest.length;
      return { ...weight, data: values, storedBytes };
    });
    await context.trainOn(decoder, { tokens, learningRate }, () => ({ options: { trains: isAdapter } }));
    return await costsSince(decoder, removed, async (name) => {
      const values = await decoder.readWeight(name);
      const adapted = decoder.linear(name);
      if (bits !== null) return { values, storedBytes: adapted.storedBytes };
      const storedBytes = 4 * values.length;
      decoder.replaceLinear(name, new StoredLinear(decoder.backend, adapted, values, storedBytes));
      return { values, storedBytes };
    });
  },
});
