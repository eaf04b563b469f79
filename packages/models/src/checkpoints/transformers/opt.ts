import { z } from 'zod';
import { postNorm, preNorm } from '../../decoder/architectures.ts';
import type { TransformersFamily } from './family.ts';
import { ActivationName, biases, commonFields } from './fields.ts';
import { renamed, rowsOf } from './names.ts';

const OptConfig = z.object({
  vocab_size: z.number(),
  max_position_embeddings: z.number(),
  hidden_size: z.number(),
  num_hidden_layers: z.number(),
  num_attention_heads: z.number(),
  ffn_dim: z.number(),
  activation_function: ActivationName,
  do_layer_norm_before: z.boolean().default(true),
  _remove_final_layer_norm: z.boolean().default(false),
  layer_norm_elementwise_affine: z.boolean().default(true),
  enable_bias: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(true),
  word_embed_proj_dim: z.number().nullish(),
});

/** Rows before the first position that is used. */
export const POSITION_OFFSET = 2;

/** OPT: positions start behind two unused rows; the smallest models have post-norm and a narrower embedding. */
export const opt: TransformersFamily = {
  modelTypes: ['opt'],
  config(json) {
    const config = OptConfig.parse(json);
    const affine = config.layer_norm_elementwise_affine;
    const norm = { kind: 'layer-norm', eps: 1e-5, bias: affine, weight: affine };
    const embeddingSize = config.word_embed_proj_dim ?? config.hidden_size;
    const before = preNorm(norm);
    const final = config._remove_final_layer_norm ? { kind: 'none' } : norm;
    return {
      ...commonFields,
      vocabularySize: config.vocab_size,
      contextLength: config.max_position_embeddings,
      hiddenSize: config.hidden_size,
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      keyValueHeads: config.num_attention_heads,
      headSize: config.hidden_size / config.num_attention_heads,
      feedForwardSize: config.ffn_dim,
      input: {
        kind: 'tokens',
        scale: 1,
        types: 0,
        embeddingSize: embeddingSize === config.hidden_size ? null : embeddingSize,
      },
      position: { kind: 'learned' },
      activation: config.activation_function,
      bias: biases(config.enable_bias),
      tiedEmbeddings: config.tie_word_embeddings,
      norms: config.do_layer_norm_before ? { ...before, final } : postNorm(norm),
    };
  },
  rename(name, tensor, config) {
    if (/(^|\.)embed_positions\.weight$/.test(name)) {
      return [['embed_positions.weight', rowsOf(tensor, POSITION_OFFSET, tensor.shape[0]!)]];
    }
    const before = config.norms.attentionResidual.kind === 'none';
    return renamed(
      {
        prefixes: ['model.decoder.', 'decoder.'],
        layers: 'layers.',
        outside: {
          embed_tokens: 'embed_tokens',
          project_in: 'embed_in',
          project_out: 'embed_out',
          final_layer_norm: 'norms.final',
          lm_head: config.tiedEmbeddings ? null : 'lm_head',
        },
        inside: {
          'self_attn.q_proj': 'self_attn.q_proj',
          'self_attn.k_proj': 'self_attn.k_proj',
          'self_attn.v_proj': 'self_attn.v_proj',
          'self_attn.out_proj': 'self_attn.o_proj',
          fc1: 'mlp.up_proj',
          fc2: 'mlp.down_proj',
          self_attn_layer_norm: before ? 'norms.attentionInput' : 'norms.attentionResidual',
          final_layer_norm: before ? 'norms.mlpInput' : 'norms.mlpResidual',
        },
      },
      name,
      tensor,
      config,
    );
  },
};
