import { type DecoderConfig, type NormSpec, parseDecoderConfig } from '@claimbench/models';
import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { prePlaces, rmsNormsFor } from './pre-layer-norm.ts';

const CENTRING: NormSpec = { kind: 'centring' };

/** LayerNorm with gain and without bias: what an RMSNorm has the parameters of. */
function withoutBias(norms: DecoderConfig['norms']): DecoderConfig['norms'] {
  const replaced = Object.entries(norms).map(([place, spec]: [string, NormSpec]) => [
    place,
    spec.kind === 'layer-norm' ? { ...spec, bias: false } : spec,
  ]);
  return Object.fromEntries(replaced) as DecoderConfig['norms'];
}

export const preRmsNormTraining = defineTechnique({
  id: 'pre-rmsnorm-training',
  title: 'Pre-RMSNorm, trained',
  family: 'norm',
  seam: 'architecture',
  summary:
    'Trains a Pre-LN model in its Pre-RMSNorm form: RMSNorm in the place of every LayerNorm, and the mean taken from all that is written into the ' +
    'residual stream, which is the same as training weights from whose columns the mean over the outputs is taken in every pass. Norms have a gain ' +
    'and no bias in either form (the next linear has one), so that both have the same parameters. "layer-norm" is the Pre-LN model of these parameters; ' +
    '"uncentred" puts RMSNorm in without taking any mean away, another function (control).',
  equation: String.raw`x_{l+1} = x_l + C\,f_l(\mathrm{RMSNorm}(x_l)),\qquad C = I - \tfrac1d \mathbf 1 \mathbf 1^{\!\top}`,
  papers: [173],
  parameters: z.strictObject({
    form: z.enum(['rms', 'layer-norm', 'uncentred']).default('rms').meta({
      title: 'Form',
      description:
        'rms: Pre-RMSNorm with centring; layer-norm: the Pre-LN model it equals; uncentred: no centring (control)',
    }),
  }),
  grid: { form: ['rms', 'layer-norm'] },
  label: ({ form }) => ({ rms: 'centred', 'layer-norm': 'as Pre-LN', uncentred: 'not centred' })[form],
  changeConfig(config, { form }) {
    prePlaces(config, 'pre-rmsnorm-training');
    if (form === 'layer-norm') return parseDecoderConfig({ ...config, norms: withoutBias(config.norms) });
    const norms = rmsNormsFor(config.norms, 'rms-norm');
    const centred = { ...norms, embedding: CENTRING, attentionOutput: CENTRING, mlpOutput: CENTRING };
    return parseDecoderConfig({ ...config, norms: form === 'rms' ? centred : norms });
  },
});
