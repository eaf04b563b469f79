import { type DecoderConfig, type NormSpec, normName } from '@claimbench/models';
import { doesNotFit } from '../technique-error.ts';

/** A norm of a pre-norm decoder by the name of its parameters, and the linears that read what it gives. */
export interface PreNormPlace {
  readonly norm: string;
  readonly readers: readonly string[];
}

/**
 * The norms of a decoder with a norm of these kinds (LayerNorm, unless said otherwise) before attention, before the MLP and at the end, and none
 * elsewhere. Throws `technique-does-not-fit`, in the name of the technique that asks, for any other.
 */
export function prePlaces(
  config: DecoderConfig,
  technique = 'pre-rmsnorm',
  kinds: readonly string[] = ['layer-norm'],
): readonly PreNormPlace[] {
  const { norms, layers, gated, normOverrides, residual, input } = config;
  const { attentionInput, mlpInput, final, ...others } = norms;
  const isPlain =
    [attentionInput, mlpInput, final].every(({ kind }) => kinds.includes(kind)) &&
    Object.values(others).every(({ kind }) => kind === 'none') &&
    normOverrides.length === 0;
  if (!isPlain) {
    const found = Object.entries(norms).flatMap(([place, { kind }]) => (kind === 'none' ? [] : [`${place} ${kind}`]));
    throw doesNotFit(
      technique,
      `it starts from a model with ${kinds.includes('rms-norm') ? 'LayerNorm or RMSNorm' : 'a LayerNorm'} before every sub-layer and at the end, found ${found.join(', ') || 'none'}`,
    );
  }
  const onlyAdds =
    residual.gate.kind === 'none' &&
    residual.source === 'stream' &&
    !residual.sharedInput &&
    config.crossAttention === null &&
    config.layerOverrides.length === 0 &&
    config.routers.length === 0 &&
    config.exits.length === 0 &&
    config.logits.transform === null;
  if (!onlyAdds || input.kind !== 'tokens' || input.embeddingSize !== null || input.types > 0) {
    throw doesNotFit(
      technique,
      'it needs a stream to which embeddings of tokens and plain branches are added, no more',
    );
  }
  const places: PreNormPlace[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const named = (module: string, linears: readonly string[]) =>
      linears.map((linear) => `layers.${layer}.${module}.${linear}`);
    places.push(
      { norm: normName('attentionInput', layer), readers: named('self_attn', ['q_proj', 'k_proj', 'v_proj']) },
      { norm: normName('mlpInput', layer), readers: named('mlp', gated ? ['gate_proj', 'up_proj'] : ['up_proj']) },
    );
  }
  return [...places, { norm: normName('final'), readers: ['lm_head'] }];
}

/** Throws `technique-does-not-fit` where a norm has no gain to write to, or stores it less 1. */
export function checkPlainGains({ norms }: DecoderConfig, technique: string): void {
  const unlike = [norms.attentionInput, norms.mlpInput, norms.final].find(
    ({ weight, weightOffset }) => weight === false || weightOffset === 1,
  );
  if (!unlike) return;
  const what = unlike.weight === false ? 'has none' : 'stores it less 1';
  throw doesNotFit(technique, `it changes the gains of norms as they are stored, and this ${unlike.kind} ${what}`);
}

/** Every LayerNorm's place taken by an RMSNorm of that kind with the same epsilon. */
export function rmsNormsFor(norms: DecoderConfig['norms'], kind: string): DecoderConfig['norms'] {
  const replaced = Object.entries(norms).map(([place, spec]: [string, NormSpec]) => [
    place,
    spec.kind === 'layer-norm' ? { kind, eps: spec.eps } : spec,
  ]);
  return Object.fromEntries(replaced) as DecoderConfig['norms'];
}
