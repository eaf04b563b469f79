import { z } from 'zod';
import { normsAt, preNorm } from '../../decoder/architectures.ts';
import type { TransformersFamily } from './family.ts';
import { ActivationName, biases, commonFields, ropeFields, rotaryOf } from './fields.ts';
import { byKeyHead, renamed } from './names.ts';

const parallel = { form: 'parallel', attentionScale: 1, mlpScale: 1, sharedInput: true } as const;

const PhiConfig = z.object({
  vocab_size: z.number(),
  max_position_embeddings: z.number(),
  hidden_size: z.number(),
  num_hidden_layers: z.number(),
  num_attention_heads: z.number(),
  num_key_value_heads: z.number().nullish(),
  intermediate_size: z.number(),
  layer_norm_eps: z.number().default(1e-5),
  hidden_act: ActivationName,
  tie_word_embeddings: z.boolean().default(false),
  qk_layernorm: z.boolean().default(false),
  ...ropeFields,
});

/** Phi: attention and MLP side by side behind one norm, positions turn a part of each head, biases everywhere. */
export const phi: TransformersFamily = {
  modelTypes: ['phi'],
  config(json) {
    const config = PhiConfig.parse(json);
    const headSize = config.hidden_size / config.num_attention_heads;
    const norm = { kind: 'layer-norm', eps: config.layer_norm_eps, bias: true };
    const headNorm = config.qk_layernorm ? norm : { kind: 'none' };
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
      position: rotaryOf(config, headSize, { share: 0.5 }),
      activation: config.hidden_act,
      bias: biases(true, true),
      tiedEmbeddings: config.tie_word_embeddings,
      norms: normsAt({ attentionInput: norm, query: headNorm, key: headNorm, final: norm }),
      residual: parallel,
    };
  },
  rename: (name, tensor, config) =>
    renamed(
      {
        prefixes: ['model.'],
        layers: 'layers.',
        outside: {
          embed_tokens: 'embed_tokens',
          final_layernorm: 'norms.final',
          lm_head: 'lm_head',
        },
        inside: {
          input_layernorm: 'norms.attentionInput',
          'self_attn.q_proj': 'self_attn.q_proj',
          'self_attn.k_proj': 'self_attn.k_proj',
          'self_attn.v_proj': 'self_attn.v_proj',
          'self_attn.dense': 'self_attn.o_proj',
          'self_attn.q_layernorm': 'norms.query',
          'self_attn.k_layernorm': 'norms.key',
          'mlp.fc1': 'mlp.up_proj',
          'mlp.fc2': 'mlp.down_proj',
        },
        buffers: /rotary_emb\.inv_freq$/,
      },
      name,
      tensor,
      config,
    ),
};

const GptJConfig = z.object({
  vocab_size: z.number(),
  n_positions: z.number(),
  n_embd: z.number(),
  n_layer: z.number(),
  n_head: z.number(),
  n_inner: z.number().nullish(),
  rotary_dim: z.number().nullish(),
  layer_norm_epsilon: z.number().default(1e-5),
  activation_function: ActivationName.default('gelu-tanh'),
  tie_word_embeddings: z.boolean().default(false),
});

/** GPT-J: attention and MLP side by side behind one norm, neighbouring elements turn together, a bias on the logits. */
export const gptJ: TransformersFamily = {
  modelTypes: ['gptj'],
  config(json) {
    const config = GptJConfig.parse(json);
    const headSize = config.n_embd / config.n_head;
    const norm = { kind: 'layer-norm', eps: config.layer_norm_epsilon, bias: true };
    return {
      ...commonFields,
      vocabularySize: config.vocab_size,
      contextLength: config.n_positions,
      hiddenSize: config.n_embd,
      layers: config.n_layer,
      heads: config.n_head,
      keyValueHeads: config.n_head,
      headSize,
      feedForwardSize: config.n_inner ?? 4 * config.n_embd,
      position: {
        kind: 'rotary',
        theta: 10_000,
        rotarySize: config.rotary_dim ?? headSize,
        convention: 'interleaved',
      },
      activation: config.activation_function,
      bias: { queryKeyValue: false, attentionOutput: false, mlp: true, logits: true },
      tiedEmbeddings: config.tie_word_embeddings,
      norms: normsAt({ attentionInput: norm, final: norm }),
      residual: parallel,
    };
  },
  rename: (name, tensor, config) =>
    renamed(
      {
        prefixes: ['transformer.'],
        layers: 'h.',
        outside: { wte: 'embed_tokens', ln_f: 'norms.final', lm_head: 'lm_head' },
        inside: {
          ln_1: 'norms.attentionInput',
          'attn.q_proj': 'self_attn.q_proj',
          'attn.k_proj': 'self_attn.k_proj',
          'attn.v_proj': 'self_attn.v_proj',
          'attn.out_proj': 'self_attn.o_proj',
          'mlp.fc_in': 'mlp.up_proj',
          'mlp.fc_out': 'mlp.down_proj',
        },
        buffers: /^h\.\d+\.attn\.(bias|masked_bias|embed_positions)$/,
      },
      name,
      tensor,
      config,
    ),
};

const NeoXConfig = z.object({
  vocab_size: z.number(),
  max_position_embeddings: z.number(),
  hidden_size: z.number(),
  num_hidden_layers: z.number(),
  num_attention_heads: z.number(),
  intermediate_size: z.number(),
  layer_norm_eps: z.number().default(1e-5),
  hidden_act: ActivationName,
  attention_bias: z.boolean().default(true),
  use_parallel_residual: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(false),
  ...ropeFields,
});

/** GPT-NeoX and Pythia: attention and MLP side by side behind a norm each, queries, keys and values fused head by head. */
export const gptNeoX: TransformersFamily = {
  modelTypes: ['gpt_neox'],
  config(json) {
    const config = NeoXConfig.parse(json);
    const headSize = config.hidden_size / config.num_attention_heads;
    return {
      ...commonFields,
      vocabularySize: config.vocab_size,
      contextLength: config.max_position_embeddings,
      hiddenSize: config.hidden_size,
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      keyValueHeads: config.num_attention_heads,
      headSize,
      feedForwardSize: config.intermediate_size,
      position: rotaryOf(config, headSize, { share: 0.25 }),
      activation: config.hidden_act,
      bias: { queryKeyValue: config.attention_bias, attentionOutput: config.attention_bias, mlp: true, logits: false },
      tiedEmbeddings: config.tie_word_embeddings,
      norms: preNorm({ kind: 'layer-norm', eps: config.layer_norm_eps, bias: true }),
      residual: {
        form: config.use_parallel_residual ? 'parallel' : 'sequential',
        attentionScale: 1,
        mlpScale: 1,
      },
    };
  },
  rename: (name, tensor, config) =>
    renamed(
      {
        prefixes: ['gpt_neox.'],
        layers: 'layers.',
        outside: {
          embed_in: 'embed_tokens',
          final_layer_norm: 'norms.final',
          embed_out: config.tiedEmbeddings ? null : 'lm_head',
          lm_head: config.tiedEmbeddings ? null : 'lm_head',
        },
        inside: {
          input_layernorm: 'norms.attentionInput',
          post_attention_layernorm: 'norms.mlpInput',
          'attention.query_key_value': byKeyHead,
          'attention.dense': 'self_attn.o_proj',
          'mlp.dense_h_to_4h': 'mlp.up_proj',
          'mlp.dense_4h_to_h': 'mlp.down_proj',
        },
        buffers: /attention\.(bias|masked_bias|rotary_emb\.inv_freq)$/,
      },
      name,
      tensor,
      config,
    ),
};

const FalconConfig = z.object({
  vocab_size: z.number(),
  hidden_size: z.number(),
  num_hidden_layers: z.number(),
  num_attention_heads: z.number(),
  num_kv_heads: z.number().nullish(),
  ffn_hidden_size: z.number().nullish(),
  max_position_embeddings: z.number().default(2048),
  layer_norm_epsilon: z.number().default(1e-5),
  activation: ActivationName.default('gelu-erf'),
  alibi: z.boolean().default(false),
  bias: z.boolean().default(false),
  multi_query: z.boolean().default(true),
  new_decoder_architecture: z.boolean().default(false),
  num_ln_in_parallel_attn: z.number().nullish(),
  parallel_attn: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(true),
  ...ropeFields,
});

/** Falcon: one key head (or groups in the newer form), attention and MLP side by side behind one norm or one each. */
export const falcon: TransformersFamily = {
  modelTypes: ['falcon'],
  config(json) {
    const config = FalconConfig.parse(json);
    const headSize = config.hidden_size / config.num_attention_heads;
    const grouped = config.new_decoder_architecture;
    const everyHead = grouped ? (config.num_kv_heads ?? config.num_attention_heads) : config.num_attention_heads;
    const norm = { kind: 'layer-norm', eps: config.layer_norm_epsilon, bias: true };
    const norms = config.num_ln_in_parallel_attn ?? (grouped ? 2 : 1);
    const oneNorm = grouped ? norms === 1 : config.parallel_attn;
    return {
      ...commonFields,
      vocabularySize: config.vocab_size,
      contextLength: config.max_position_embeddings,
      hiddenSize: config.hidden_size,
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      keyValueHeads: !grouped && config.multi_query ? 1 : everyHead,
      headSize,
      feedForwardSize: config.ffn_hidden_size ?? 4 * config.hidden_size,
      // the library divides the scores by the root of the head size after it has added the slopes
      position: config.alibi ? { kind: 'alibi', factor: 1 / Math.sqrt(headSize) } : rotaryOf(config, headSize),
      activation: config.activation,
      bias: biases(config.bias),
      tiedEmbeddings: config.tie_word_embeddings,
      norms: oneNorm ? normsAt({ attentionInput: norm, final: norm }) : preNorm(norm),
      residual: {
        form: grouped || config.parallel_attn ? 'parallel' : 'sequential',
        attentionScale: 1,
        mlpScale: 1,
        sharedInput: oneNorm,
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
          ln_f: 'norms.final',
          lm_head: config.tiedEmbeddings ? null : 'lm_head',
        },
        inside: {
          input_layernorm: 'norms.attentionInput',
          post_attention_layernorm: 'norms.mlpInput',
          ln_attn: 'norms.attentionInput',
          ln_mlp: 'norms.mlpInput',
          // with one key head its key and value follow all queries: the same order
          'self_attention.query_key_value': byKeyHead,
          'self_attention.dense': 'self_attn.o_proj',
          'mlp.dense_h_to_4h': 'mlp.up_proj',
          'mlp.dense_4h_to_h': 'mlp.down_proj',
        },
        buffers: /rotary_emb\.inv_freq$/,
      },
      name,
      tensor,
      config,
    ),
};
