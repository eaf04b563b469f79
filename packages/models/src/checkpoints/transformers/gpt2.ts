import { z } from 'zod';
import { preNorm } from '../../decoder/architectures.ts';
import type { TransformersFamily } from './family.ts';
import { ActivationName, biases, commonFields } from './fields.ts';
import { renamed, threeInARow, transposed } from './names.ts';

const Gpt2Config = z.object({
  vocab_size: z.number(),
  n_positions: z.number(),
  n_embd: z.number(),
  n_layer: z.number(),
  n_head: z.number(),
  n_inner: z.number().nullish(),
  layer_norm_epsilon: z.number().default(1e-5),
  activation_function: ActivationName.default('gelu-tanh'),
  tie_word_embeddings: z.boolean().default(true),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.literal(false).default(false),
});

/** GPT-2: weights are `[in, out]` and queries, keys, values one matrix. */
export const gpt2: TransformersFamily = {
  modelTypes: ['gpt2'],
  config(json) {
    const config = Gpt2Config.parse(json);
    return {
      ...commonFields,
      vocabularySize: config.vocab_size,
      contextLength: config.n_positions,
      hiddenSize: config.n_embd,
      layers: config.n_layer,
      heads: config.n_head,
      keyValueHeads: config.n_head,
      headSize: config.n_embd / config.n_head,
      feedForwardSize: config.n_inner ?? 4 * config.n_embd,
      position: { kind: 'learned' },
      activation: config.activation_function,
      bias: biases(true),
      tiedEmbeddings: config.tie_word_embeddings,
      attention: {
        causal: true,
        scale: config.scale_attn_weights ? null : 1,
        softcap: null,
        clip: null,
        headNorms: 'head',
      },
      norms: preNorm({ kind: 'layer-norm', eps: config.layer_norm_epsilon, bias: true }),
      initialisation: { standardDeviation: 0.02, scaledResidual: true },
    };
  },
  rename: (name, tensor, config) =>
    renamed(
      {
        prefixes: ['transformer.'],
        layers: 'h.',
        outside: {
          wte: 'embed_tokens',
          wpe: 'embed_positions',
          ln_f: 'norms.final',
          lm_head: config.tiedEmbeddings ? null : 'lm_head',
        },
        inside: {
          ln_1: 'norms.attentionInput',
          ln_2: 'norms.mlpInput',
          'attn.c_attn': (values) => threeInARow(transposed(values), config),
          'attn.c_proj': (values) => ({ 'self_attn.o_proj': transposed(values) }),
          'mlp.c_fc': (values) => ({ 'mlp.up_proj': transposed(values) }),
          'mlp.c_proj': (values) => ({ 'mlp.down_proj': transposed(values) }),
        },
        buffers: /^h\.\d+\.attn\.(bias|masked_bias)$/,
      },
      name,
      tensor,
      config,
    ),
};
