import { z } from 'zod';
import { preNorm, sandwichNorm } from '../../decoder/architectures.ts';
import type { DecoderConfig, DecoderConfigInput } from '../../decoder/config.ts';
import type { TransformersFamily } from './family.ts';
import { ActivationName, biases, commonFields, ropeFields, rotaryOf } from './fields.ts';
import { sameNames } from './llama.ts';
import { renamed } from './names.ts';

const Rope = z.object(ropeFields);

const GemmaConfig = z.object({
  model_type: z.enum(['gemma', 'gemma2', 'gemma3_text']),
  vocab_size: z.number(),
  max_position_embeddings: z.number(),
  hidden_size: z.number(),
  num_hidden_layers: z.number(),
  num_attention_heads: z.number(),
  num_key_value_heads: z.number(),
  head_dim: z.number(),
  intermediate_size: z.number(),
  rms_norm_eps: z.number().default(1e-6),
  hidden_act: ActivationName.nullish(),
  hidden_activation: ActivationName.nullish(),
  tie_word_embeddings: z.boolean().default(true),
  attention_bias: z.boolean().default(false),
  use_bidirectional_attention: z.literal(false).nullish(),
  query_pre_attn_scalar: z.number().nullish(),
  attn_logit_softcapping: z.number().nullish(),
  final_logit_softcapping: z.number().nullish(),
  sliding_window: z.number().nullish(),
  layer_types: z.array(z.enum(['full_attention', 'sliding_attention'])).nullish(),
  sliding_window_pattern: z.number().nullish(),
  _sliding_window_pattern: z.number().nullish(),
  rope_local_base_freq: z.number().nullish(),
  ...ropeFields,
  rope_parameters: z.looseObject({}).nullish(),
});
type GemmaConfig = z.infer<typeof GemmaConfig>;

/**
 * Gemma: norm weights stored minus 1, embeddings times the root of the hidden size. Gemma 2 adds norms behind the branches, soft caps and
 * a window in every other layer; Gemma 3 norms of queries and keys and another theta in the layers with a window.
 */
export const gemma: TransformersFamily = {
  modelTypes: ['gemma', 'gemma2', 'gemma3_text'],
  config(json) {
    const config = GemmaConfig.parse(json);
    const { model_type: family, head_dim: headSize } = config;
    const norm = { kind: 'rms-norm', eps: config.rms_norm_eps, weightOffset: 1 };
    const headNorm = family === 'gemma3_text' ? norm : { kind: 'none' };
    const norms = family === 'gemma' ? preNorm(norm) : { ...sandwichNorm(norm), query: headNorm, key: headNorm };
    return {
      ...commonFields,
      vocabularySize: config.vocab_size,
      contextLength: config.max_position_embeddings,
      hiddenSize: config.hidden_size,
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      keyValueHeads: config.num_key_value_heads,
      headSize,
      feedForwardSize: config.intermediate_size,
      input: { kind: 'tokens', scale: Math.sqrt(config.hidden_size), types: 0, embeddingSize: null },
      ...positionsOf(config),
      activation: config.hidden_activation ?? config.hidden_act ?? 'gelu-tanh',
      gated: true,
      bias: { ...biases(config.attention_bias), mlp: false },
      tiedEmbeddings: config.tie_word_embeddings,
      attention: {
        causal: true,
        scale: config.query_pre_attn_scalar == null ? null : config.query_pre_attn_scalar ** -0.5,
        // Gemma 3 has the field and the library does not read it
        softcap: family === 'gemma2' ? (config.attn_logit_softcapping ?? null) : null,
        clip: null,
        headNorms: 'head',
      },
      norms,
      logits: { inputScale: 1, softcap: config.final_logit_softcapping ?? null, transform: null, of: 'every' },
    };
  },
  rename: (name, tensor, config) => {
    const sandwich = config.norms.attentionOutput.kind !== 'none';
    return renamed(
      {
        prefixes: ['model.'],
        layers: 'layers.',
        outside: {
          embed_tokens: 'embed_tokens',
          norm: 'norms.final',
          lm_head: config.tiedEmbeddings ? null : 'lm_head',
        },
        inside: {
          input_layernorm: 'norms.attentionInput',
          post_attention_layernorm: sandwich ? 'norms.attentionOutput' : 'norms.mlpInput',
          pre_feedforward_layernorm: 'norms.mlpInput',
          post_feedforward_layernorm: 'norms.mlpOutput',
          'self_attn.q_norm': 'norms.query',
          'self_attn.k_norm': 'norms.key',
          ...sameNames,
        },
        buffers: /rotary_emb\.inv_freq$/,
      },
      name,
      tensor,
      config,
    );
  },
};

function positionsOf(config: GemmaConfig): Pick<DecoderConfigInput, 'position' | 'attentionWindow' | 'layerOverrides'> {
  const { model_type: family, head_dim: headSize, num_hidden_layers: layers, rope_parameters: rope } = config;
  const kinds = z.object({ full_attention: z.unknown(), sliding_attention: z.unknown() }).safeParse(rope);
  const global = rotaryOf(Rope.parse({ ...config, rope_parameters: kinds.data?.full_attention ?? rope }), headSize, {
    theta: family === 'gemma3_text' ? 1e6 : 1e4,
  });
  const window = config.sliding_window ?? null;
  if (family === 'gemma' || window === null) return { position: global, attentionWindow: null };
  const sliding = slidingLayers(config);
  const local: DecoderConfig['layerOverrides'][number]['position'] | undefined =
    family === 'gemma3_text' ? localRotary(config, kinds.data?.sliding_attention) : undefined;
  const layerOverrides: NonNullable<DecoderConfigInput['layerOverrides']> = [
    { layers: sliding, attentionWindow: window, ...(local === undefined ? {} : { position: local }) },
  ];
  return { position: global, attentionWindow: null, layerOverrides: layers === 0 ? [] : layerOverrides };
}

/** Layers with a window never scale their positions. */
function localRotary(config: GemmaConfig, described: unknown) {
  const fields = described ?? { rope_theta: config.rope_local_base_freq ?? 10_000 };
  const { theta, rotarySize } = rotaryOf(Rope.parse({ rope_parameters: fields }), config.head_dim);
  return { kind: 'rotary', theta, rotarySize, convention: 'half', scaling: { kind: 'none' } } as const;
}

/** Named one by one, or, in older files, all but every second (Gemma 2) or sixth (Gemma 3). */
function slidingLayers(config: GemmaConfig): readonly number[] & number[] {
  const all = Array.from({ length: config.num_hidden_layers }, (_, layer) => layer);
  if (config.layer_types != null) return all.filter((layer) => config.layer_types![layer] === 'sliding_attention');
  const every =
    config.sliding_window_pattern ?? config._sliding_window_pattern ?? (config.model_type === 'gemma2' ? 2 : 6);
  return all.filter((layer) => (layer + 1) % every !== 0);
}
