import { scale } from '@claimbench/kernels';
import { bindNorm, type NormKind, NormSpec, parseDecoderConfig, registerNorm } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { doesNotFit } from '../technique-error.ts';

/** Another norm whose output, gain included, is multiplied by a fixed factor. */
const scaledNorm: NormKind<{ norm: NormSpec; factor: number }> = {
  kind: 'scaled',
  options: z.strictObject({ norm: NormSpec, factor: z.number() }),
  parameters: (size, { norm }) => bindNorm(norm).parameters(size),
  forward: (x, parameters, { norm, factor }, context) => scale(bindNorm(norm).forward(x, parameters, context), factor),
};
registerNorm(scaledNorm);

export const layerNormScaling = defineTechnique({
  id: 'layer-norm-scaling',
  title: 'LayerNorm Scaling',
  family: 'norm',
  seam: 'architecture',
  summary:
    'In a pre-norm model the output of both norms of layer l, counted from 1, is multiplied by 1/sqrt(l), so that the variance of the residual ' +
    'stream grows less with depth. The factor is applied after the gain; the final norm is not scaled.',
  equation: String.raw`h^{(l)} = \frac{1}{\sqrt{l}}\,\mathrm{LN}\!\left(x^{(l)}\right)`,
  papers: [250],
  parameters: z.strictObject({}),
  grid: {},
  label: () => '',
  changeConfig(config) {
    const { attentionInput, mlpInput } = config.norms;
    if (attentionInput.kind === 'none' || mlpInput.kind === 'none' || config.normOverrides.length > 0) {
      throw doesNotFit(
        'layer-norm-scaling',
        'it starts from a model with the same norm before every sub-layer of every layer',
      );
    }
    const normOverrides = Array.from({ length: config.layers }, (_, layer) => {
      const factor = 1 / Math.sqrt(layer + 1);
      return {
        layers: [layer],
        norms: {
          attentionInput: { kind: 'scaled', norm: attentionInput, factor },
          mlpInput: { kind: 'scaled', norm: mlpInput, factor },
        },
      };
    });
    return parseDecoderConfig({ ...config, normOverrides });
  },
});
