import { z } from 'zod';
import { ModelError } from '../model-error.ts';
import { bindNorm, NormSpec } from './norm.ts';

const size = (largest: number) => z.number().int().min(1).max(largest);

/**
 * Where a norm can stand. `x` is the residual stream, `f` attention or the MLP:
 * `f(input(x))` is pre-norm, `residual(x + f(x))` post-norm, `x + output(f(input(x)))` sandwich or peri-norm.
 * `query` and `key` act on each head's vector (headSize).
 */
export const NORM_PLACES = [
  'embedding',
  'attentionInput',
  'query',
  'key',
  'attentionOutput',
  'attentionResidual',
  'mlpInput',
  'mlpOutput',
  'mlpResidual',
  'final',
] as const;
export type NormPlace = (typeof NORM_PLACES)[number];
export type LayerNormPlace = Exclude<NormPlace, 'embedding' | 'final'>;

const layerNorms = {
  attentionInput: NormSpec,
  query: NormSpec,
  key: NormSpec,
  attentionOutput: NormSpec,
  attentionResidual: NormSpec,
  mlpInput: NormSpec,
  mlpOutput: NormSpec,
  mlpResidual: NormSpec,
};

/** A decoder, completely: GPT-2 and Llama are two points of this space. Every field is explicit, so that equal configs are equal JSON. */
export const DecoderConfig = z.strictObject({
  vocabularySize: size(1_000_000),
  contextLength: size(1_048_576),
  hiddenSize: size(65_536),
  layers: size(1024),
  heads: size(1024),
  /** Fewer than `heads`: grouped queries; head h reads key head floor(h * keyValueHeads / heads). */
  keyValueHeads: size(1024),
  headSize: size(1024),
  feedForwardSize: size(1_048_576),
  position: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('learned') }),
    z.strictObject({
      kind: z.literal('rotary'),
      theta: z.number().positive(),
      /** Leading elements of each head that turn; the rest passes through. */
      rotarySize: size(1024),
      /** `half`: pairs (i, i + rotarySize/2), as in transformers; `interleaved`: pairs (2i, 2i + 1), as in llama2.c. */
      convention: z.enum(['half', 'interleaved']),
    }),
    z.strictObject({ kind: z.literal('none') }),
  ]),
  activation: z.enum(['gelu-tanh', 'gelu-erf', 'silu', 'relu']),
  /** `down(activation(gate(x)) * up(x))` instead of `down(activation(up(x)))`; with silu this is SwiGLU. */
  gated: z.boolean(),
  bias: z.strictObject({
    queryKeyValue: z.boolean(),
    attentionOutput: z.boolean(),
    mlp: z.boolean(),
    logits: z.boolean(),
  }),
  tiedEmbeddings: z.boolean(),
  /** Key j is visible to query i when i - window < j <= i; null: all before. */
  attentionWindow: size(1_048_576).nullable(),
  norms: z.strictObject({ embedding: NormSpec, ...layerNorms, final: NormSpec }),
  /** Layers whose norms differ (mixed by depth); the last entry that names a layer and a place wins. */
  normOverrides: z.array(
    z.strictObject({ layers: z.array(z.number().int().min(0)), norms: z.strictObject(layerNorms).partial() }),
  ),
  residual: z.strictObject({
    /** `sequential`: attention, then the MLP; `parallel`: both read the layer's input. */
    form: z.enum(['sequential', 'parallel']),
    /** Factors of the branches as they are added to the stream. */
    attentionScale: z.number(),
    mlpScale: z.number(),
  }),
  /** Normal with this deviation; projections into the residual stream are divided by sqrt(2 * layers) where `scaledResidual`. */
  initialisation: z.strictObject({ standardDeviation: z.number().positive(), scaledResidual: z.boolean() }),
});
export type DecoderConfig = z.infer<typeof DecoderConfig>;

/** Checks a config, its norms and what must fit together. Throws `invalid-config` or `unknown-norm`, naming the field. */
export function parseDecoderConfig(input: unknown): DecoderConfig {
  const parsed = DecoderConfig.safeParse(input);
  if (!parsed.success) {
    throw new ModelError('invalid-config', `decoder config: ${z.prettifyError(parsed.error)}`);
  }
  const config = parsed.data;
  const refuse = (message: string): never => {
    throw new ModelError('invalid-config', `decoder config: ${message}`);
  };
  if (config.heads % config.keyValueHeads !== 0) {
    refuse(`heads (${config.heads}) must be a multiple of keyValueHeads (${config.keyValueHeads})`);
  }
  if (config.position.kind === 'rotary') {
    const { rotarySize } = config.position;
    if (rotarySize % 2 !== 0 || rotarySize > config.headSize) {
      refuse(`rotarySize must be even and at most headSize (${config.headSize}), found ${rotarySize}`);
    }
  }
  for (const place of NORM_PLACES) bindNorm(config.norms[place]);
  for (const override of config.normOverrides) {
    for (const layer of override.layers) {
      if (layer >= config.layers) refuse(`normOverrides name layer ${layer} of ${config.layers}`);
    }
    for (const norm of Object.values(override.norms)) if (norm !== undefined) bindNorm(norm);
  }
  return config;
}

/** The norm of a layer at a place, overrides applied. */
export function normAt(config: DecoderConfig, layer: number, place: LayerNormPlace): NormSpec {
  for (const override of config.normOverrides.toReversed()) {
    const norm = override.norms[place];
    if (norm !== undefined && override.layers.includes(layer)) return norm;
  }
  return config.norms[place];
}

/** Replaces every norm that is there (not `none`) by what `choose` gives, places unchanged: how a norm variant is put into an architecture. */
export function replaceNorms(
  config: DecoderConfig,
  choose: (spec: NormSpec, place: NormPlace) => NormSpec,
): DecoderConfig {
  const replace = <Norms extends Partial<Record<NormPlace, NormSpec>>>(norms: Norms): Norms => {
    const replaced = { ...norms };
    for (const place of NORM_PLACES) {
      const spec = norms[place];
      if (spec !== undefined && spec.kind !== 'none') replaced[place] = choose(spec, place) as Norms[typeof place];
    }
    return replaced;
  };
  return parseDecoderConfig({
    ...config,
    norms: replace(config.norms),
    normOverrides: config.normOverrides.map(({ layers, norms }) => ({ layers, norms: replace(norms) })),
  });
}
