import { z } from 'zod';
import { preNorm } from '../../decoder/architectures.ts';
import type { TransformersFamily } from './family.ts';
import { biases, commonFields } from './fields.ts';
import { byKeyHead, renamed } from './names.ts';

const BloomConfig = z.object({
  vocab_size: z.number(),
  hidden_size: z.number(),
  n_layer: z.number().optional(),
  num_hidden_layers: z.number().optional(),
  n_head: z.number().optional(),
  num_attention_heads: z.number().optional(),
  seq_length: z.number().default(2048),
  layer_norm_epsilon: z.number().default(1e-5),
  apply_residual_connection_post_layernorm: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
});

/** BLOOM: ALiBi in place of positions, a norm behind the embedding, queries, keys and values fused head by head. */
export const bloom: TransformersFamily = {
  modelTypes: ['bloom'],
  config(json) {
    const config = BloomConfig.parse(json);
    const heads = z.number({ error: 'n_head is missing' }).parse(config.n_head ?? config.num_attention_heads);
    const layers = z.number({ error: 'n_layer is missing' }).parse(config.n_layer ?? config.num_hidden_layers);
    const norm = { kind: 'layer-norm', eps: config.layer_norm_epsilon, bias: true };
    return {
      ...commonFields,
      vocabularySize: config.vocab_size,
      contextLength: config.seq_length,
      hiddenSize: config.hidden_size,
      layers,
      heads,
      keyValueHeads: heads,
      headSize: config.hidden_size / heads,
      feedForwardSize: 4 * config.hidden_size,
      position: { kind: 'alibi' },
      activation: 'gelu-tanh',
      bias: biases(true),
      tiedEmbeddings: config.tie_word_embeddings,
      norms: { ...preNorm(norm), embedding: norm },
      residual: {
        form: 'sequential',
        attentionScale: 1,
        mlpScale: 1,
        source: config.apply_residual_connection_post_layernorm ? 'normed' : 'stream',
      },
    };
  },
  rename: (name, tensor, config) =>
    renamed(
      {
        prefixes: ['transformer.'],
        layers: 'h.',
        outside: {
          word_embeddings: 'embed_tokens',
          word_embeddings_layernorm: 'norms.embedding',
          ln_f: 'norms.final',
          lm_head: config.tiedEmbeddings ? null : 'lm_head',
        },
        inside: {
          input_layernorm: 'norms.attentionInput',
          post_attention_layernorm: 'norms.mlpInput',
          'self_attention.query_key_value': byKeyHead,
          'self_attention.dense': 'self_attn.o_proj',
          'mlp.dense_h_to_4h': 'mlp.up_proj',
          'mlp.dense_4h_to_h': 'mlp.down_proj',
        },
      },
      name,
      tensor,
      config,
    ),
};
