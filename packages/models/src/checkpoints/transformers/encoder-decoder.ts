import { z } from 'zod';
import { bothDirections, normsAt, preNorm } from '../../decoder/architectures.ts';
import { type DecoderConfig, type DecoderConfigInput, parseDecoderConfig } from '../../decoder/config.ts';
import type { ParameterValues } from '../../decoder/parameters.ts';
import { ModelError } from '../../model-error.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { floatsOf } from '../element-types.ts';
import type { SafetensorsFile } from '../safetensors.ts';
import { ActivationName, biases, commonFields } from './fields.ts';
import { type Names, renamed, rowsOf } from './names.ts';
import { POSITION_OFFSET } from './opt.ts';

/** The two stacks of an encoder-decoder model; what they share (the embedding) is in both. */
export interface EncoderDecoderCheckpoint {
  readonly encoder: Checkpoint;
  readonly decoder: Checkpoint;
}

interface Family {
  readonly modelTypes: readonly string[];
  config(json: unknown): { readonly encoder: DecoderConfigInput; readonly decoder: DecoderConfigInput };
  /** Where a tensor goes: names in each stack, or undefined for a name that the family does not have. */
  rename(
    name: string,
    values: ParameterValues,
    configs: { readonly encoder: DecoderConfig; readonly decoder: DecoderConfig },
  ): { readonly encoder: Renamed; readonly decoder: Renamed } | undefined;
}
type Renamed = readonly (readonly [string, ParameterValues])[];

const T5Config = z.object({
  vocab_size: z.number(),
  d_model: z.number(),
  d_kv: z.number(),
  d_ff: z.number(),
  num_layers: z.number(),
  num_decoder_layers: z.number().nullish(),
  num_heads: z.number(),
  relative_attention_num_buckets: z.number().default(32),
  relative_attention_max_distance: z.number().default(128),
  layer_norm_epsilon: z.number().default(1e-6),
  feed_forward_proj: z.enum(['relu', 'gated-gelu', 'gated-silu', 'gelu']).default('relu'),
  tie_word_embeddings: z.boolean().default(true),
  /** Version 5 of the library says it; before, tied embeddings meant it. */
  scale_decoder_outputs: z.boolean().nullish(),
});

/** Names of one T5 stack; the MLP is the last of its sub-layers. */
function t5Names(stack: 'encoder' | 'decoder', config: DecoderConfig): Names {
  const cross = stack === 'decoder';
  const mlp = cross ? 'layer.2' : 'layer.1';
  const attention = (place: string, ours: string) =>
    Object.fromEntries(['q', 'k', 'v', 'o'].map((name) => [`${place}.${name}`, `${ours}.${name}_proj`]));
  return {
    prefixes: [`${stack}.`],
    layers: 'block.',
    outside: {
      final_layer_norm: 'norms.final',
      'block.0.layer.0.SelfAttention.relative_attention_bias': 'relative_bias',
    },
    inside: {
      ...attention('layer.0.SelfAttention', 'self_attn'),
      'layer.0.layer_norm': 'norms.attentionInput',
      ...(cross
        ? { ...attention('layer.1.EncDecAttention', 'cross_attn'), 'layer.1.layer_norm': 'norms.crossInput' }
        : {}),
      [`${mlp}.DenseReluDense.${config.gated ? 'wi_0' : 'wi'}`]: config.gated ? 'mlp.gate_proj' : 'mlp.up_proj',
      [`${mlp}.DenseReluDense.wi_1`]: 'mlp.up_proj',
      [`${mlp}.DenseReluDense.wo`]: 'mlp.down_proj',
      [`${mlp}.layer_norm`]: 'norms.mlpInput',
    },
    buffers: /^embed_tokens\.weight$/,
  };
}

/** T5: relative positions, scores without a factor, RMS norms before the branches. */
const t5: Family = {
  modelTypes: ['t5'],
  config(json) {
    const config = T5Config.parse(json);
    const gated = config.feed_forward_proj.startsWith('gated-');
    const kind = config.feed_forward_proj.replace('gated-', '');
    const norm = { kind: 'rms-norm', eps: config.layer_norm_epsilon };
    const encoder: DecoderConfigInput = {
      ...commonFields,
      vocabularySize: config.vocab_size,
      contextLength: 1_048_576,
      hiddenSize: config.d_model,
      layers: config.num_layers,
      heads: config.num_heads,
      keyValueHeads: config.num_heads,
      headSize: config.d_kv,
      feedForwardSize: config.d_ff,
      position: {
        kind: 'relative',
        buckets: config.relative_attention_num_buckets,
        maxDistance: config.relative_attention_max_distance,
      },
      // the library reads gated-gelu as its tanh form
      activation: kind === 'relu' ? 'relu' : kind === 'silu' ? 'silu' : gated ? 'gelu-tanh' : 'gelu-erf',
      gated,
      bias: biases(false),
      tiedEmbeddings: true,
      attention: { ...bothDirections, scale: 1 },
      norms: preNorm(norm),
    };
    const tied = config.tie_word_embeddings;
    const decoder: DecoderConfigInput = {
      ...encoder,
      layers: config.num_decoder_layers ?? config.num_layers,
      attention: { ...bothDirections, causal: true, scale: 1 },
      crossAttention: { memorySize: config.d_model },
      tiedEmbeddings: tied,
      norms: { ...preNorm(norm), crossInput: norm },
      logits: {
        inputScale: (config.scale_decoder_outputs ?? tied) ? config.d_model ** -0.5 : 1,
        softcap: null,
        transform: null,
        of: 'every',
      },
    };
    return { encoder, decoder };
  },
  rename(name, values, configs) {
    if (name === 'shared.weight') return inBoth('embed_tokens.weight', values);
    if (name === 'lm_head.weight') {
      return { encoder: [], decoder: configs.decoder.tiedEmbeddings ? [] : [[name, values]] };
    }
    const stack = stackOf(name, '');
    return stack === undefined
      ? undefined
      : inOne(stack, renamed(t5Names(stack, configs[stack]), name, values, configs[stack]));
  },
};

const BartConfig = z.object({
  vocab_size: z.number(),
  d_model: z.number(),
  max_position_embeddings: z.number(),
  encoder_layers: z.number(),
  encoder_attention_heads: z.number(),
  encoder_ffn_dim: z.number(),
  decoder_layers: z.number(),
  decoder_attention_heads: z.number(),
  decoder_ffn_dim: z.number(),
  activation_function: ActivationName,
  scale_embedding: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
});

function bartNames(stack: 'encoder' | 'decoder'): Names {
  const attention = (place: string, ours: string) =>
    Object.fromEntries(['q', 'k', 'v', 'out'].map((name) => [`${place}.${name}_proj`, `${ours}.${name[0]}_proj`]));
  return {
    prefixes: [`model.${stack}.`, `${stack}.`],
    layers: 'layers.',
    outside: { layernorm_embedding: 'norms.embedding' },
    inside: {
      ...attention('self_attn', 'self_attn'),
      self_attn_layer_norm: 'norms.attentionResidual',
      ...attention('encoder_attn', 'cross_attn'),
      encoder_attn_layer_norm: 'norms.crossResidual',
      fc1: 'mlp.up_proj',
      fc2: 'mlp.down_proj',
      final_layer_norm: 'norms.mlpResidual',
    },
    buffers: /^embed_tokens\.weight$/,
  };
}

/** BART: learned positions behind two unused rows, norms behind the sums and behind the embedding. */
const bart: Family = {
  modelTypes: ['bart'],
  config(json) {
    const config = BartConfig.parse(json);
    const norm = { kind: 'layer-norm', eps: 1e-5, bias: true };
    const stack = (layers: number, heads: number, feedForwardSize: number): DecoderConfigInput => ({
      ...commonFields,
      vocabularySize: config.vocab_size,
      contextLength: config.max_position_embeddings,
      hiddenSize: config.d_model,
      layers,
      heads,
      keyValueHeads: heads,
      headSize: config.d_model / heads,
      feedForwardSize,
      input: {
        kind: 'tokens',
        scale: config.scale_embedding ? Math.sqrt(config.d_model) : 1,
        types: 0,
        embeddingSize: null,
      },
      position: { kind: 'learned' },
      activation: config.activation_function,
      bias: biases(true),
      tiedEmbeddings: true,
      norms: normsAt({ embedding: norm, attentionResidual: norm, mlpResidual: norm }),
    });
    const { encoder_layers, encoder_attention_heads, encoder_ffn_dim } = config;
    const { decoder_layers, decoder_attention_heads, decoder_ffn_dim } = config;
    const decoder = stack(decoder_layers, decoder_attention_heads, decoder_ffn_dim);
    return {
      encoder: { ...stack(encoder_layers, encoder_attention_heads, encoder_ffn_dim), attention: bothDirections },
      decoder: {
        ...decoder,
        crossAttention: { memorySize: config.d_model },
        bias: biases(true, true),
        tiedEmbeddings: config.tie_word_embeddings,
        norms: { ...decoder.norms, crossResidual: norm },
      },
    };
  },
  rename(name, values, configs) {
    if (/^(model\.)?shared\.weight$/.test(name)) return inBoth('embed_tokens.weight', values);
    if (name === 'final_logits_bias') {
      return { encoder: [], decoder: [['lm_head.bias', { shape: [values.data.length], data: values.data }]] };
    }
    if (name === 'lm_head.weight') {
      return { encoder: [], decoder: configs.decoder.tiedEmbeddings ? [] : [[name, values]] };
    }
    const stack = stackOf(name, '(model\\.)?');
    if (stack === undefined) return undefined;
    if (name.endsWith('.embed_positions.weight')) {
      return inOne(stack, [['embed_positions.weight', rowsOf(values, POSITION_OFFSET, values.shape[0]!)]]);
    }
    return inOne(stack, renamed(bartNames(stack), name, values, configs[stack]));
  },
};

function stackOf(name: string, before: string): 'encoder' | 'decoder' | undefined {
  const stack = new RegExp(`^${before}(encoder|decoder)\\.`).exec(name)?.at(-1);
  return stack === 'encoder' || stack === 'decoder' ? stack : undefined;
}

function inBoth(name: string, values: ParameterValues) {
  return { encoder: [[name, values]], decoder: [[name, values]] } as const;
}

function inOne(stack: 'encoder' | 'decoder', values: Renamed | undefined) {
  return values && { encoder: [], decoder: [], [stack]: values };
}

const families: readonly Family[] = [bart, t5];

/** Whether a `config.json` describes an encoder-decoder model that is read here. */
export function isEncoderDecoder(json: unknown): boolean {
  const modelType = z.object({ model_type: z.string() }).safeParse(json).data?.model_type;
  return families.some(({ modelTypes }) => modelType !== undefined && modelTypes.includes(modelType));
}

/** As `readTransformers`, for models of two stacks. Throws `bad-checkpoint`, naming the field or the tensor. */
export function readEncoderDecoder(json: unknown, file: SafetensorsFile): EncoderDecoderCheckpoint {
  const modelType = z.object({ model_type: z.string() }).safeParse(json).data?.model_type;
  const family = families.find(({ modelTypes }) => modelType !== undefined && modelTypes.includes(modelType));
  if (family === undefined) {
    const known = families.flatMap(({ modelTypes }) => modelTypes).join(', ');
    throw new ModelError('bad-checkpoint', `config.json: model_type '${modelType ?? 'missing'}' is not among ${known}`);
  }
  const configs = configsOf(family, json);
  const encoder = new Map<string, ParameterValues>();
  const decoder = new Map<string, ParameterValues>();
  for (const tensor of file.tensors.values()) {
    const values = { shape: tensor.shape, data: floatsOf(tensor) };
    const names = family.rename(tensor.name, values, configs);
    if (names === undefined) {
      throw new ModelError('bad-checkpoint', `the checkpoint has a tensor '${tensor.name}' that the model does not`);
    }
    for (const [name, renamedValues] of names.encoder) encoder.set(name, renamedValues);
    for (const [name, renamedValues] of names.decoder) decoder.set(name, renamedValues);
  }
  return {
    encoder: { config: configs.encoder, parameters: encoder },
    decoder: { config: configs.decoder, parameters: decoder },
  };
}

function configsOf(family: Family, json: unknown): { encoder: DecoderConfig; decoder: DecoderConfig } {
  try {
    const { encoder, decoder } = family.config(json);
    return { encoder: parseDecoderConfig(encoder), decoder: parseDecoderConfig(decoder) };
  } catch (cause) {
    if (!(cause instanceof z.ZodError)) throw cause;
    throw new ModelError('bad-checkpoint', `config.json: ${z.prettifyError(cause)}`, { cause });
  }
}
