import { z } from 'zod';
import { preNorm } from '../../decoder/architectures.ts';
import type { NormSpec } from '../../decoder/norm.ts';
import type { TransformersFamily } from './family.ts';

const Rope = z.object({ rope_theta: z.number(), rope_type: z.literal('default').default('default') });

const LlamaConfig = z
  .object({
    model_type: z.enum(['llama', 'mistral', 'qwen2', 'qwen3']),
    vocab_size: z.number(),
    max_position_embeddings: z.number(),
    hidden_size: z.number(),
    num_hidden_layers: z.number(),
    num_attention_heads: z.number(),
    num_key_value_heads: z.number(),
    head_dim: z.number().nullish(),
    intermediate_size: z.number(),
    rms_norm_eps: z.number(),
    hidden_act: z.literal('silu'),
    tie_word_embeddings: z.boolean().default(false),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    sliding_window: z.number().nullish(),
    use_sliding_window: z.boolean().default(true),
    /** Version 5 of the library; version 4 has the two fields below. */
    rope_parameters: Rope.optional(),
    rope_theta: z.number().optional(),
    rope_scaling: z.null().optional(),
  })
  .refine((config) => config.rope_parameters !== undefined || config.rope_theta !== undefined, {
    error: 'rope_parameters or rope_theta is missing',
  });

/** Llama, and those that differ from it in a window (Mistral), biases (Qwen 2), or norms of queries and keys (Qwen 3). */
export const llama: TransformersFamily = {
  modelTypes: ['llama', 'mistral', 'qwen2', 'qwen3'],
  config(json) {
    const config = LlamaConfig.parse(json);
    const headSize = config.head_dim ?? config.hidden_size / config.num_attention_heads;
    const norm: NormSpec = { kind: 'rms-norm', eps: config.rms_norm_eps };
    const headNorm: NormSpec = config.model_type === 'qwen3' ? norm : { kind: 'none' };
    const biased = config.attention_bias;
    return {
      vocabularySize: config.vocab_size,
      contextLength: config.max_position_embeddings,
      hiddenSize: config.hidden_size,
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      keyValueHeads: config.num_key_value_heads,
      headSize,
      feedForwardSize: config.intermediate_size,
      position: {
        kind: 'rotary',
        theta: config.rope_parameters?.rope_theta ?? config.rope_theta!,
        rotarySize: headSize,
        convention: 'half',
      },
      activation: 'silu',
      gated: true,
      bias: {
        queryKeyValue: config.model_type === 'qwen2' || biased,
        attentionOutput: biased,
        mlp: config.mlp_bias,
        logits: false,
      },
      tiedEmbeddings: config.tie_word_embeddings,
      attentionWindow: config.use_sliding_window ? (config.sliding_window ?? null) : null,
      norms: { ...preNorm(norm), query: headNorm, key: headNorm },
      normOverrides: [],
      residual: { form: 'sequential', attentionScale: 1, mlpScale: 1 },
      initialisation: { standardDeviation: 0.02, scaledResidual: false },
    };
  },
  rename(name, tensor, config) {
    if (name === 'model.norm.weight') return [['norms.final.weight', tensor]];
    if (name === 'model.embed_tokens.weight') return [['embed_tokens.weight', tensor]];
    if (name === 'lm_head.weight') return config.tiedEmbeddings ? [] : [[name, tensor]];
    if (/\.rotary_emb\.inv_freq$/.test(name)) return [];
    const inLayer = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
    if (inLayer === null) return undefined;
    const [, layer, module, role] = inLayer;
    const ours = norms[module!] ?? (linear.test(module!) ? module : undefined);
    return ours === undefined ? undefined : [[`layers.${layer}.${ours}.${role}`, tensor]];
  },
};

const norms: Readonly<Record<string, string>> = {
  input_layernorm: 'norms.attentionInput',
  post_attention_layernorm: 'norms.mlpInput',
  'self_attn.q_norm': 'norms.query',
  'self_attn.k_norm': 'norms.key',
};
const linear = /^(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)$/;
