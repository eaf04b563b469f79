import { mul } from '@claimbench/kernels';
import { type NormKind, parseDecoderConfig, registerNorm } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { replaceEveryNorm } from './replace-every-norm.ts';

/** `gain x`, one learned scalar, at the place of the embedding norm. */
const learnedGain: NormKind<{ gainInit: number }> = {
  kind: 'learned-gain',
  options: z.strictObject({ gainInit: z.number() }),
  parameters: (_size, { gainInit }) => [{ name: 'gain', shape: [1], initial: { kind: 'constant', value: gainInit } }],
  forward: (x, { gain }) => mul(x, gain!),
};
registerNorm(learnedGain);

export const dynamicTanh = defineTechnique({
  id: 'dynamic-tanh',
  title: 'Dynamic Tanh',
  family: 'norm',
  seam: 'architecture',
  summary:
    'Every norm of the model becomes an element-wise tanh with a learned slope (one scalar a layer) and a learned gain and bias for every ' +
    'feature; no statistics are computed. Our reading for language models: one learned scalar multiplies the embedding, starting at the ' +
    'root of the hidden size, since without a norm the small embeddings would keep every tanh in its linear part.',
  equation: String.raw`\mathrm{DyT}(x) = \gamma \odot \tanh(\alpha x) + \beta`,
  papers: [270],
  parameters: z.strictObject({
    alpha: z
      .number()
      .min(0.01)
      .max(10)
      .default(0.5)
      .meta({ title: 'Alpha', description: 'First value of the learned slope' }),
    embeddingGain: z.boolean().default(true).meta({
      title: 'Embedding gain',
      description: 'Learned scalar after the embedding, first value sqrt(hidden size)',
    }),
  }),
  grid: { alpha: [0.2, 0.5, 0.8, 1] },
  label: ({ alpha, embeddingGain }) => `alpha ${alpha}${embeddingGain ? '' : ', no embedding gain'}`,
  changeConfig(config, { alpha, embeddingGain }) {
    const changed = replaceEveryNorm('dynamic-tanh', config, { kind: 'dynamic-tanh', alphaInit: alpha });
    if (!embeddingGain || config.norms.embedding.kind !== 'none') return changed;
    const embedding = { kind: 'learned-gain', gainInit: Math.sqrt(config.hiddenSize) };
    return parseDecoderConfig({ ...changed, norms: { ...changed.norms, embedding } });
  },
});
