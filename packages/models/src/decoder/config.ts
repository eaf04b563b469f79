import { z } from 'zod';
import { ModelError } from '../model-error.ts';
import { checkFits } from './config-checks.ts';
import { LayerPlan } from './layer-plan.ts';
import { LayerOverride } from './layer-shape.ts';
import { bindNorm, NO_NORM, NormSpec } from './norm.ts';
import { PositionEncoding } from './positions.ts';
import { bindRouter, RouterSpec } from './router.ts';

const size = (largest: number) => z.number().int().min(1).max(largest);

/** Plain products, or BitLinear, trained on ternary weights (its options are `BitLinearOptions`). */
export const LinearsSpec = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('dense') }),
    z.strictObject({ kind: z.literal('bit'), norm: z.boolean(), lambda: z.number().min(0).max(1) }),
  ])
  .default({ kind: 'dense' });

/**
 * Where a norm can stand. `x` is the residual stream, `f` attention, cross-attention or the MLP:
 * `f(input(x))` is pre-norm, `residual(x + f(x))` post-norm, `x + output(f(input(x)))` sandwich or peri-norm.
 * `query`, `key` and `value` act on each head's vector (headSize), or on the whole projection where `attention.headNorms` says so;
 * `attentionInner` on all heads' results before the output projection, `mlpInner` on the MLP's activations before `down_proj`.
 */
export const NORM_PLACES = [
  'embedding',
  'attentionInput',
  'query',
  'key',
  'value',
  'attentionInner',
  'attentionOutput',
  'attentionResidual',
  'crossInput',
  'crossOutput',
  'crossResidual',
  'mlpInput',
  'mlpInner',
  'mlpOutput',
  'mlpResidual',
  'final',
] as const;
export type NormPlace = (typeof NORM_PLACES)[number];
export type LayerNormPlace = Exclude<NormPlace, 'embedding' | 'final'>;
export const LAYER_NORM_PLACES = NORM_PLACES.filter(
  (place): place is LayerNormPlace => place !== 'embedding' && place !== 'final',
);

const layerNorms = {
  attentionInput: NormSpec,
  query: NormSpec,
  key: NormSpec,
  value: NormSpec.default(NO_NORM),
  attentionInner: NormSpec.default(NO_NORM),
  attentionOutput: NormSpec,
  attentionResidual: NormSpec,
  crossInput: NormSpec.default(NO_NORM),
  crossOutput: NormSpec.default(NO_NORM),
  crossResidual: NormSpec.default(NO_NORM),
  mlpInput: NormSpec,
  mlpInner: NormSpec.default(NO_NORM),
  mlpOutput: NormSpec,
  mlpResidual: NormSpec,
};

const overriddenNorms = z
  .strictObject(
    Object.fromEntries(LAYER_NORM_PLACES.map((place) => [place, NormSpec])) as Record<LayerNormPlace, typeof NormSpec>,
  )
  .partial();

export const ACTIVATIONS = ['gelu-tanh', 'gelu-erf', 'silu', 'relu', 'relu-squared', 'tanh', 'identity'] as const;
const Activation = z.enum(ACTIVATIONS);
export type Activation = z.infer<typeof Activation>;

/** What the stack starts from. */
const Input = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('tokens'),
    /** Factor of the token embedding (Gemma: the root of the hidden size). */
    scale: z.number(),
    /** Kinds of tokens with an embedding each that is added (BERT's segments); 0: none. */
    types: z.number().int().min(0).max(1024),
    /** Width of the embedding where it is not the stream's: `embed_in` leads into the stream, `embed_out` back (small OPT models). */
    embeddingSize: size(65_536).nullable(),
  }),
  z.strictObject({
    /** Images `[batch, channels, height, width]` cut into square patches, behind a learned class token (vision transformers). */
    kind: z.literal('patches'),
    channels: size(1024),
    height: size(65_536),
    width: size(65_536),
    patchSize: size(4096),
  }),
]);

const tokens = { kind: 'tokens', scale: 1, types: 0, embeddingSize: null } as const;

/**
 * A transformer, completely: GPT-2 and Llama are two points of this space, BERT (`attention.causal` false) and a vision transformer
 * (`input` patches) two more. Every field is explicit, so that equal configs are equal JSON; those with a default may be left out
 * when a config is written by hand or was stored before the field existed.
 */
export const DecoderConfig = z.strictObject({
  /** Size of the logits: tokens, or classes. */
  vocabularySize: size(1_000_000),
  contextLength: size(1_048_576),
  hiddenSize: size(65_536),
  layers: size(1024),
  heads: size(1024),
  /** Fewer than `heads`: grouped queries; head h reads key head floor(h * keyValueHeads / heads). */
  keyValueHeads: size(1024),
  headSize: size(1024),
  feedForwardSize: size(1_048_576),
  input: Input.default(tokens),
  position: PositionEncoding,
  activation: Activation,
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
  attention: z
    .strictObject({
      /** false: every position sees every other (encoders). */
      causal: z.boolean(),
      /** Factor of the scores; null: 1 / sqrt(headSize). */
      scale: z.number().nullable(),
      /** `softcap * tanh(score / softcap)`; null: none. */
      softcap: z.number().positive().nullable(),
      /** Queries, keys and values are clamped to ±clip before anything else (OLMo); null: not. */
      clip: z.number().positive().nullable(),
      /** What the norms `query`, `key` and `value` act on: each head alone (Qwen 3), or the whole projection (OLMo 2). */
      headNorms: z.enum(['head', 'projection']),
    })
    .default({ causal: true, scale: null, softcap: null, clip: null, headNorms: 'head' }),
  /** Width of what the decoder's cross-attention reads (encoder-decoder models); null: no cross-attention. */
  crossAttention: z
    .strictObject({ memorySize: size(65_536) })
    .nullable()
    .default(null),
  norms: z.strictObject({ embedding: NormSpec, ...layerNorms, final: NormSpec }),
  /** Layers whose norms differ (mixed by depth); the last entry that names a layer and a place wins. */
  normOverrides: z.array(z.strictObject({ layers: z.array(z.number().int().min(0)), norms: overriddenNorms })),
  residual: z.strictObject({
    /** `sequential`: attention, then the MLP; `parallel`: both read the layer's input. */
    form: z.enum(['sequential', 'parallel']),
    /** Factors of the branches as they are added to the stream. */
    attentionScale: z.number(),
    mlpScale: z.number(),
    /** Factor of the stream in every sum (DeepNorm's alpha). */
    streamScale: z.number().default(1),
    /** What branches are added to: the stream, or what their input norm made of it (BLOOM's variant). */
    source: z.enum(['stream', 'normed']).default('stream'),
    /** In the parallel form: the MLP reads attention's normed input in place of a norm of its own (GPT-J, Phi, Falcon). */
    sharedInput: z.boolean().default(false),
    /** A learned factor of each branch, one number (`scalar`: ReZero, SkipInit) or one a feature (`vector`: LayerScale). */
    gate: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('none') }),
        z.strictObject({ kind: z.enum(['scalar', 'vector']), initial: z.number() }),
      ])
      .default({ kind: 'none' }),
  }),
  /** What the layers' linears are. */
  linears: LinearsSpec,
  /** Layers of another shape (structured pruning, alternating windows); the last entry that names a layer and a field wins. */
  layerOverrides: z.array(LayerOverride).default([]),
  /** Branches, or whole layers, that a router weighs token by token. */
  routers: z
    .array(
      z.strictObject({
        layers: z.array(z.number().int().min(0)),
        part: z.enum(['layer', 'attention', 'mlp']),
        router: RouterSpec,
      }),
    )
    .default([]),
  /** Layers after which logits can be read through a norm (and a head) of their own. Every layer has an exit through the last ones. */
  exits: z
    .array(z.strictObject({ layer: z.number().int().min(0), norm: NormSpec, head: z.enum(['shared', 'own']) }))
    .default([]),
  /** The order of the layers where it is not 0, 1, 2, …: shared, repeated or parallel layers. */
  plan: LayerPlan.nullable().default(null),
  logits: z
    .strictObject({
      /** Factor of the last state before the head (T5: 1 / sqrt(hiddenSize)). */
      inputScale: z.number(),
      /** `softcap * tanh(logit / softcap)`; null: none. */
      softcap: z.number().positive().nullable(),
      /** A dense layer with activation and norm before the head (BERT); null: none. */
      transform: z.strictObject({ activation: Activation, norm: NormSpec }).nullable(),
      /** `every`: one row of logits a position; `first`: the first position's alone, `[batch, vocabularySize]` (a class token). */
      of: z.enum(['every', 'first']),
    })
    .default({ inputScale: 1, softcap: null, transform: null, of: 'every' }),
  /** Normal with this deviation; projections into the residual stream are divided by sqrt(2 * layers) where `scaledResidual`. */
  initialisation: z.strictObject({ standardDeviation: z.number().positive(), scaledResidual: z.boolean() }),
});
export type DecoderConfig = z.infer<typeof DecoderConfig>;
/** A config with the fields left out that have a default. */
export type DecoderConfigInput = z.input<typeof DecoderConfig>;

/** Whether every position sees every other: such a model does not predict the next token, it fills in masked ones. */
export function isEncoder({ attention }: Pick<DecoderConfig, 'attention'>): boolean {
  return !attention.causal;
}

/** The token that an encoder reads in the place of those that it is to fill in: the last of its vocabulary. */
export function maskTokenOf({ vocabularySize }: Pick<DecoderConfig, 'vocabularySize'>): number {
  return vocabularySize - 1;
}

/** Checks a config, its norms and what must fit together. Throws `invalid-config`, `unknown-norm` or `unknown-name`, naming the field. */
export function parseDecoderConfig(input: unknown): DecoderConfig {
  const parsed = DecoderConfig.safeParse(input);
  if (!parsed.success) {
    throw new ModelError('invalid-config', `decoder config: ${z.prettifyError(parsed.error)}`);
  }
  const config = parsed.data;
  for (const place of NORM_PLACES) bindNorm(config.norms[place]);
  for (const { norms } of config.normOverrides) {
    for (const norm of Object.values(norms)) if (norm !== undefined) bindNorm(norm);
  }
  for (const { router } of config.routers) bindRouter(router);
  for (const { norm } of config.exits) bindNorm(norm);
  if (config.logits.transform !== null) bindNorm(config.logits.transform.norm);
  checkFits(config);
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
