import { z } from 'zod';
import { postNorm, preNorm } from '../../decoder/architectures.ts';
import type { TransformersFamily } from './family.ts';

const OptConfig = z.object({
  vocab_size: z.number(),
  max_position_embeddings: z.number(),
  hidden_size: z.number(),
  num_hidden_layers: z.number(),
  num_attention_heads: z.number(),
  ffn_dim: z.number(),
  activation_function: z.literal('relu'),
  do_layer_norm_before: z.boolean(),
  _remove_final_layer_norm: z.literal(false).default(false),
  layer_norm_elementwise_affine: z.literal(true).default(true),
  enable_bias: z.boolean().default(true),
  tie_word_embeddings: z.boolean().default(true),
  word_embed_proj_dim: z.number(),
});

/** Rows before the first position that is used. */
const POSITION_OFFSET = 2;

export const opt: TransformersFamily = {
  modelTypes: ['opt'],
  config(json) {
    const config = OptConfig.refine((found) => found.word_embed_proj_dim === found.hidden_size, {
      error: 'embeddings of another size than the hidden size are not supported',
    }).parse(json);
    const bias = config.enable_bias;
    const norm = { kind: 'layer-norm', eps: 1e-5, bias: true };
    return {
      vocabularySize: config.vocab_size,
      contextLength: config.max_position_embeddings,
      hiddenSize: config.hidden_size,
      layers: config.num_hidden_layers,
      heads: config.num_attention_heads,
      keyValueHeads: config.num_attention_heads,
      headSize: config.hidden_size / config.num_attention_heads,
      feedForwardSize: config.ffn_dim,
      position: { kind: 'learned' },
      activation: 'relu',
      gated: false,
      bias: { queryKeyValue: bias, attentionOutput: bias, mlp: bias, logits: false },
      tiedEmbeddings: config.tie_word_embeddings,
      attentionWindow: null,
      norms: config.do_layer_norm_before ? preNorm(norm) : postNorm(norm),
      normOverrides: [],
      residual: { form: 'sequential', attentionScale: 1, mlpScale: 1 },
      initialisation: { standardDeviation: 0.02, scaledResidual: false },
    };
  },
  rename(name, tensor, config) {
    const path = name.replace(/^model\./, '').replace(/^decoder\./, '');
    if (path === 'lm_head.weight') return config.tiedEmbeddings ? [] : [[path, tensor]];
    if (path === 'embed_tokens.weight') return [[path, tensor]];
    if (path === 'embed_positions.weight') {
      const [rows, width] = tensor.shape as [number, number];
      return [[path, { shape: [rows - POSITION_OFFSET, width], data: tensor.data.slice(POSITION_OFFSET * width) }]];
    }
    const final = /^final_layer_norm\.(weight|bias)$/.exec(path);
    if (final !== null) return [[`norms.final.${final[1]}`, tensor]];
    const inLayer = /^layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(path);
    if (inLayer === null) return undefined;
    const [, layer, module, role] = inLayer;
    const preNormed = config.norms.mlpInput.kind !== 'none';
    const ours = { ...modules, ...(preNormed ? preNorms : postNorms) }[module!];
    return ours === undefined ? undefined : [[`layers.${layer}.${ours}.${role}`, tensor]];
  },
};

const modules: Readonly<Record<string, string>> = {
  'self_attn.q_proj': 'self_attn.q_proj',
  'self_attn.k_proj': 'self_attn.k_proj',
  'self_attn.v_proj': 'self_attn.v_proj',
  'self_attn.out_proj': 'self_attn.o_proj',
  fc1: 'mlp.up_proj',
  fc2: 'mlp.down_proj',
};
const preNorms: Readonly<Record<string, string>> = {
  self_attn_layer_norm: 'norms.attentionInput',
  final_layer_norm: 'norms.mlpInput',
};
const postNorms: Readonly<Record<string, string>> = {
  self_attn_layer_norm: 'norms.attentionResidual',
  final_layer_norm: 'norms.mlpResidual',
};
