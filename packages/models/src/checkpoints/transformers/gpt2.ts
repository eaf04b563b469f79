import { z } from 'zod';
import { preNorm } from '../../decoder/architectures.ts';
import type { ParameterValues } from '../../decoder/parameters.ts';
import type { NamedValues, TransformersFamily } from './family.ts';

const Gpt2Config = z.object({
  vocab_size: z.number(),
  n_positions: z.number(),
  n_embd: z.number(),
  n_layer: z.number(),
  n_head: z.number(),
  n_inner: z.number().nullish(),
  layer_norm_epsilon: z.number(),
  activation_function: z.enum(['gelu_new', 'gelu']),
  tie_word_embeddings: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.literal(false).default(false),
});

/** GPT-2: weights are `[in, out]` and queries, keys, values one matrix. */
export const gpt2: TransformersFamily = {
  modelTypes: ['gpt2'],
  config(json) {
    const config = Gpt2Config.parse(json);
    return {
      vocabularySize: config.vocab_size,
      contextLength: config.n_positions,
      hiddenSize: config.n_embd,
      layers: config.n_layer,
      heads: config.n_head,
      keyValueHeads: config.n_head,
      headSize: config.n_embd / config.n_head,
      feedForwardSize: config.n_inner ?? 4 * config.n_embd,
      position: { kind: 'learned' },
      activation: config.activation_function === 'gelu' ? 'gelu-erf' : 'gelu-tanh',
      gated: false,
      bias: { queryKeyValue: true, attentionOutput: true, mlp: true, logits: false },
      tiedEmbeddings: config.tie_word_embeddings,
      attentionWindow: null,
      norms: preNorm({ kind: 'layer-norm', eps: config.layer_norm_epsilon, bias: true }),
      normOverrides: [],
      residual: { form: 'sequential', attentionScale: 1, mlpScale: 1 },
      initialisation: { standardDeviation: 0.02, scaledResidual: true },
    };
  },
  rename(name, tensor) {
    const path = name.replace(/^transformer\./, '');
    const whole = wholeModel[path];
    if (whole !== undefined) return [[whole, tensor]];
    if (/^h\.\d+\.attn\.(bias|masked_bias)$/.test(path)) return [];
    const inLayer = /^h\.(\d+)\.(ln_1|ln_2|attn\.c_attn|attn\.c_proj|mlp\.c_fc|mlp\.c_proj)\.(weight|bias)$/.exec(path);
    if (inLayer === null) return undefined;
    const [, layer, module, role] = inLayer;
    const stored = role === 'weight' && !module!.startsWith('ln') ? transposed(tensor) : tensor;
    if (module !== 'attn.c_attn') return [[`layers.${layer}.${modules[module!]}.${role}`, stored]];
    return ['q_proj', 'k_proj', 'v_proj'].map(
      (projection, index): NamedValues => [`layers.${layer}.self_attn.${projection}.${role}`, third(stored, index)],
    );
  },
};

const wholeModel: Readonly<Record<string, string>> = {
  'wte.weight': 'embed_tokens.weight',
  'wpe.weight': 'embed_positions.weight',
  'ln_f.weight': 'norms.final.weight',
  'ln_f.bias': 'norms.final.bias',
  'lm_head.weight': 'lm_head.weight',
};

const modules: Readonly<Record<string, string>> = {
  ln_1: 'norms.attentionInput',
  ln_2: 'norms.mlpInput',
  'attn.c_proj': 'self_attn.o_proj',
  'mlp.c_fc': 'mlp.up_proj',
  'mlp.c_proj': 'mlp.down_proj',
};

/** `[in, out]` to `[out, in]`. */
function transposed({ shape, data }: ParameterValues): ParameterValues {
  const [rows, columns] = shape as [number, number];
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = data[row * columns + column]!;
  }
  return { shape: [columns, rows], data: result };
}

/** One of three equal parts along the first dimension. */
function third({ shape, data }: ParameterValues, index: number): ParameterValues {
  const size = data.length / 3;
  return { shape: shape.with(0, shape[0]! / 3), data: data.slice(index * size, (index + 1) * size) };
}
