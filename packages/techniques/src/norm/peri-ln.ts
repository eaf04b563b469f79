import { parseDecoderConfig } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';

export const periLn = defineTechnique({
  id: 'peri-ln',
  title: 'Peri-LN',
  family: 'norm',
  seam: 'architecture',
  summary:
    'A pre-norm model gets a second norm behind every sub-layer, inside its branch, so that what is added to the residual stream has a bounded ' +
    'size; the embedding is normalised too.',
  equation: String.raw`y = x + \mathrm{Norm}_{\mathrm{out}}\!\left(f\!\left(\mathrm{Norm}_{\mathrm{in}}(x)\right)\right)`,
  papers: [165],
  parameters: z.strictObject({
    embedding: z.boolean().default(true).meta({ title: 'Embedding norm', description: 'A norm behind the embedding' }),
  }),
  grid: { embedding: [true, false] },
  label: ({ embedding }) => (embedding ? '' : 'no embedding norm'),
  changeConfig(config, { embedding }) {
    const { norms, normOverrides } = config;
    const norm = norms.attentionInput;
    if (norm.kind === 'none' || norms.mlpInput.kind === 'none' || normOverrides.length > 0) {
      throw doesNotFit('peri-ln', 'it starts from a model with the same norm before every sub-layer of every layer');
    }
    const around = { ...norms, attentionOutput: norm, mlpOutput: norms.mlpInput };
    return parseDecoderConfig({ ...config, norms: embedding ? { ...around, embedding: norm } : around });
  },
});
