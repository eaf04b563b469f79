import { z } from 'zod';
import { bothDirections, normsAt, preNorm } from '../../decoder/architectures.ts';
import type { TransformersFamily } from './family.ts';
import { ActivationName, biases, commonFields } from './fields.ts';
import { renamed } from './names.ts';

const BertConfig = z.object({
  vocab_size: z.number(),
  max_position_embeddings: z.number(),
  type_vocab_size: z.number(),
  hidden_size: z.number(),
  num_hidden_layers: z.number(),
  num_attention_heads: z.number(),
  intermediate_size: z.number(),
  layer_norm_eps: z.number().default(1e-12),
  hidden_act: ActivationName,
  tie_word_embeddings: z.boolean().default(true),
  position_embedding_type: z.literal('absolute').nullish(),
  is_decoder: z.literal(false).nullish(),
});

/** BERT with its masked-language head: both directions, norms behind the sums, a dense layer before the logits. */
export const bert: TransformersFamily = {
  modelTypes: ['bert'],
  config(json) {
    const config = BertConfig.parse(json);
    const norm = { kind: 'layer-norm', eps: config.layer_norm_eps, bias: true };
    return {
      ...commonFields,
      vocabularySize: config.vocab_size,
      contextLength: config.max_position_embeddings,
      hiddenSize: config.hidden_size,
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      keyValueHeads: config.num_attention_heads,
      headSize: config.hidden_size / config.num_attention_heads,
      feedForwardSize: config.intermediate_size,
      input: { kind: 'tokens', scale: 1, types: config.type_vocab_size, embeddingSize: null },
      position: { kind: 'learned' },
      activation: config.hidden_act,
      bias: biases(true, true),
      tiedEmbeddings: config.tie_word_embeddings,
      attention: bothDirections,
      norms: normsAt({ embedding: norm, attentionResidual: norm, mlpResidual: norm }),
      logits: { inputScale: 1, softcap: null, transform: { activation: config.hidden_act, norm }, of: 'every' },
    };
  },
  rename: (name, tensor, config) =>
    renamed(
      {
        prefixes: ['bert.'],
        layers: 'encoder.layer.',
        outside: {
          'embeddings.word_embeddings': 'embed_tokens',
          'embeddings.position_embeddings': 'embed_positions',
          'embeddings.token_type_embeddings': 'embed_types',
          'embeddings.LayerNorm': 'norms.embedding',
          'cls.predictions.transform.dense': 'lm_head_transform',
          'cls.predictions.transform.LayerNorm': 'norms.transform',
          'cls.predictions.decoder': config.tiedEmbeddings ? null : 'lm_head',
          'cls.predictions': 'lm_head',
        },
        inside: {
          'attention.self.query': 'self_attn.q_proj',
          'attention.self.key': 'self_attn.k_proj',
          'attention.self.value': 'self_attn.v_proj',
          'attention.output.dense': 'self_attn.o_proj',
          'attention.output.LayerNorm': 'norms.attentionResidual',
          'intermediate.dense': 'mlp.up_proj',
          'output.dense': 'mlp.down_proj',
          'output.LayerNorm': 'norms.mlpResidual',
        },
        // heads that the masked-language model does not read
        buffers: /^(embeddings\.position_ids|pooler\..*|cls\.seq_relationship\..*)$/,
      },
      name,
      tensor,
      config,
    ),
};

const Size = z.union([z.number().transform((side) => [side, side] as const), z.tuple([z.number(), z.number()])]);

const VitConfig = z.object({
  image_size: Size,
  patch_size: z.number(),
  num_channels: z.number(),
  hidden_size: z.number(),
  num_hidden_layers: z.number(),
  num_attention_heads: z.number(),
  intermediate_size: z.number(),
  layer_norm_eps: z.number().default(1e-12),
  hidden_act: ActivationName,
  qkv_bias: z.boolean().default(true),
  id2label: z.record(z.string(), z.unknown()).optional(),
  num_labels: z.number().optional(),
});

/** A vision transformer: patches and a class token, pre-norm, classes read from the class token. */
export const vit: TransformersFamily = {
  modelTypes: ['vit'],
  config(json) {
    const config = VitConfig.parse(json);
    const [height, width] = config.image_size;
    const norm = { kind: 'layer-norm', eps: config.layer_norm_eps, bias: true };
    // the library writes no labels where there are two, its default
    const classes = config.id2label === undefined ? (config.num_labels ?? 2) : Object.keys(config.id2label).length;
    return {
      ...commonFields,
      vocabularySize: classes,
      contextLength: 1 + Math.floor(height / config.patch_size) * Math.floor(width / config.patch_size),
      hiddenSize: config.hidden_size,
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      keyValueHeads: config.num_attention_heads,
      headSize: config.hidden_size / config.num_attention_heads,
      feedForwardSize: config.intermediate_size,
      input: { kind: 'patches', channels: config.num_channels, height, width, patchSize: config.patch_size },
      position: { kind: 'learned' },
      activation: config.hidden_act,
      bias: { queryKeyValue: config.qkv_bias, attentionOutput: true, mlp: true, logits: true },
      attention: bothDirections,
      norms: preNorm(norm),
      logits: { inputScale: 1, softcap: null, transform: null, of: 'first' },
    };
  },
  rename(name, tensor, config) {
    const { data, shape } = tensor;
    const width = shape.at(-1)!;
    if (/(^|\.)embeddings\.cls_token$/.test(name)) return [['embed_class.weight', { shape: [1, width], data }]];
    if (/(^|\.)embeddings\.position_embeddings$/.test(name)) {
      return [['embed_positions.weight', { shape: [shape.at(-2)!, width], data }]];
    }
    if (/(^|\.)patch_embeddings\.projection\.weight$/.test(name)) {
      return [['embed_patches.weight', { shape: [shape[0]!, data.length / shape[0]!], data }]];
    }
    return renamed(
      {
        prefixes: ['vit.'],
        layers: 'encoder.layer.',
        outside: {
          'embeddings.patch_embeddings.projection': 'embed_patches',
          layernorm: 'norms.final',
          classifier: 'lm_head',
        },
        inside: {
          layernorm_before: 'norms.attentionInput',
          layernorm_after: 'norms.mlpInput',
          'attention.attention.query': 'self_attn.q_proj',
          'attention.attention.key': 'self_attn.k_proj',
          'attention.attention.value': 'self_attn.v_proj',
          'attention.output.dense': 'self_attn.o_proj',
          'intermediate.dense': 'mlp.up_proj',
          'output.dense': 'mlp.down_proj',
        },
        buffers: /^pooler\./,
      },
      name,
      tensor,
      config,
    );
  },
};
