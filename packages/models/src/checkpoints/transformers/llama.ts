import { z } from 'zod';
import { normsAt, preNorm } from '../../decoder/architectures.ts';
import type { DecoderConfig } from '../../decoder/config.ts';
import type { NormSpec } from '../../decoder/norm.ts';
import type { TransformersFamily } from './family.ts';
import { ActivationName, commonFields, ropeFields, rotaryOf } from './fields.ts';
import { renamed } from './names.ts';

const LlamaConfig = z.object({
  model_type: z.enum(['llama', 'mistral', 'qwen2', 'qwen3', 'olmo', 'olmo2']),
  vocab_size: z.number(),
  max_position_embeddings: z.number(),
  hidden_size: z.number(),
  num_hidden_layers: z.number(),
  num_attention_heads: z.number(),
  num_key_value_heads: z.number().nullish(),
  head_dim: z.number().nullish(),
  intermediate_size: z.number(),
  rms_norm_eps: z.number().default(1e-6),
  hidden_act: ActivationName,
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  sliding_window: z.number().nullish(),
  use_sliding_window: z.boolean().default(true),
  max_window_layers: z.number().nullish(),
  layer_types: z.array(z.enum(['full_attention', 'sliding_attention'])).nullish(),
  clip_qkv: z.number().nullish(),
  ...ropeFields,
});
type LlamaConfig = z.infer<typeof LlamaConfig>;

/**
 * Llama, and those that differ from it in a window (Mistral), biases (Qwen 2), norms of queries and keys (Qwen 3), norms without weights
 * and clamped projections (OLMo), or norms behind the branches (OLMo 2).
 */
export const llama: TransformersFamily = {
  modelTypes: ['llama', 'mistral', 'qwen2', 'qwen3', 'olmo', 'olmo2'],
  config(json) {
    const config = LlamaConfig.parse(json);
    const { model_type: family } = config;
    const headSize = config.head_dim ?? config.hidden_size / config.num_attention_heads;
    const biased = config.attention_bias;
    return {
      ...commonFields,
      vocabularySize: config.vocab_size,
      contextLength: config.max_position_embeddings,
      hiddenSize: config.hidden_size,
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      keyValueHeads: config.num_key_value_heads ?? config.num_attention_heads,
      headSize,
      feedForwardSize: config.intermediate_size,
      position: rotaryOf(config, headSize),
      activation: config.hidden_act,
      gated: true,
      bias: {
        queryKeyValue: family === 'qwen2' || biased,
        attentionOutput: biased,
        mlp: config.mlp_bias,
        logits: false,
      },
      tiedEmbeddings: config.tie_word_embeddings,
      ...windowsOf(config),
      attention: {
        causal: true,
        scale: null,
        softcap: null,
        clip: family === 'olmo' ? (config.clip_qkv ?? null) : null,
        headNorms: family === 'olmo2' ? 'projection' : 'head',
      },
      norms: normsOf(config),
    };
  },
  rename: (name, tensor, config) =>
    renamed(
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
          post_attention_layernorm:
            config.norms.attentionOutput.kind === 'none' ? 'norms.mlpInput' : 'norms.attentionOutput',
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
    ),
};

function normsOf(config: LlamaConfig): DecoderConfig['norms'] {
  const norm: NormSpec = { kind: 'rms-norm', eps: config.rms_norm_eps };
  switch (config.model_type) {
    case 'qwen3':
      return { ...preNorm(norm), query: norm, key: norm };
    case 'olmo':
      return preNorm({ kind: 'layer-norm', eps: 1e-5, bias: false, weight: false });
    case 'olmo2':
      return normsAt({ query: norm, key: norm, attentionOutput: norm, mlpOutput: norm, final: norm });
    default:
      return preNorm(norm);
  }
}

/** One window for all layers, or for those that `layer_types` (or, before it, `max_window_layers`) names. */
function windowsOf(config: LlamaConfig): Pick<DecoderConfig, 'attentionWindow' | 'layerOverrides'> {
  const window = config.sliding_window ?? null;
  const { model_type: family, num_hidden_layers: layers } = config;
  const windowed = family === 'mistral' || ((family === 'qwen2' || family === 'qwen3') && config.use_sliding_window);
  if (window === null || !windowed) return { attentionWindow: null, layerOverrides: [] };
  const all = Array.from({ length: layers }, (_, layer) => layer);
  const full =
    config.layer_types != null
      ? all.filter((layer) => config.layer_types![layer] === 'full_attention')
      : family === 'mistral'
        ? []
        : all.filter((layer) => layer < (config.max_window_layers ?? 0));
  return {
    attentionWindow: window,
    layerOverrides: full.length === 0 ? [] : [{ layers: full, attentionWindow: null }],
  };
}

/** Linears that have the same names here and there. */
export const sameNames = Object.fromEntries(
  ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj', 'self_attn.o_proj']
    .concat(['mlp.gate_proj', 'mlp.up_proj', 'mlp.down_proj'])
    .map((name) => [name, name]),
);
