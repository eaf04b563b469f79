import { type DecoderConfig, parseDecoderConfig } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';

/** Norms of a layer whose input norms moved behind the residual sums. */
function postNormLayer({ norms }: DecoderConfig): DecoderConfig['normOverrides'][number]['norms'] {
  return {
    attentionInput: { kind: 'none' },
    attentionResidual: norms.attentionInput,
    mlpInput: { kind: 'none' },
    mlpResidual: norms.mlpInput,
  };
}

export const mixLn = defineTechnique({
  id: 'mix-ln',
  title: 'Mix-LN',
  family: 'norm',
  seam: 'architecture',
  summary:
    'The first layers of a pre-norm model become post-norm, where the norm stands behind the residual sum; the rest and the final norm stay. ' +
    'With share 1 every layer is post-norm.',
  equation: String.raw`x_{l+1} = \begin{cases} \mathrm{LN}(x_l + f_l(x_l)) & l < \lfloor \alpha L \rfloor \\ x_l + f_l(\mathrm{LN}(x_l)) & \text{otherwise} \end{cases}`,
  papers: [145],
  parameters: z.strictObject({
    share: z.number().min(0).max(1).default(0.25).meta({
      title: 'Alpha',
      description: 'Share of the layers, from the first on, that are post-norm; rounded down',
    }),
  }),
  grid: { share: [0.125, 0.25, 0.5, 1] },
  label: ({ share }) => `alpha ${share}`,
  changeConfig(config, { share }) {
    const { attentionInput, mlpInput, attentionResidual, mlpResidual } = config.norms;
    const preNorm = attentionInput.kind !== 'none' && mlpInput.kind !== 'none';
    const plain = attentionResidual.kind === 'none' && mlpResidual.kind === 'none' && config.normOverrides.length === 0;
    if (!preNorm || !plain)
      throw doesNotFit('mix-ln', 'it starts from a model with a norm before, and only before, every sub-layer');
    const layers = Array.from({ length: Math.floor(share * config.layers) }, (_, layer) => layer);
    if (layers.length === 0) return config;
    return parseDecoderConfig({ ...config, normOverrides: [{ layers, norms: postNormLayer(config) }] });
  },
});
