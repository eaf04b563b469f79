import { z } from 'zod';
import type { Activation, DecoderConfigInput } from '../../decoder/config.ts';
import type { Rotary } from '../../decoder/positions.ts';

const activations = {
  gelu: 'gelu-erf',
  gelu_new: 'gelu-tanh',
  gelu_fast: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
  silu: 'silu',
  swish: 'silu',
  relu: 'relu',
  relu2: 'relu-squared',
  tanh: 'tanh',
} as const satisfies Record<string, Activation>;

/** An activation by its name in `config.json`, as ours. */
export const ActivationName = z
  .enum(Object.keys(activations) as [keyof typeof activations])
  .transform((name): Activation => activations[name]);

const RopeScaling = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().optional(),
  partial_rotary_factor: z.number().optional(),
});
const Llama3Scaling = z.object({
  factor: z.number(),
  low_freq_factor: z.number(),
  high_freq_factor: z.number(),
  original_max_position_embeddings: z.number(),
});

/** Rotary positions: version 5 of the library keeps all in `rope_parameters`, version 4 in fields beside each other. */
export const ropeFields = {
  rope_parameters: RopeScaling.nullish(),
  rope_theta: z.number().nullish(),
  rope_scaling: RopeScaling.nullish(),
  partial_rotary_factor: z.number().nullish(),
  rotary_pct: z.number().nullish(),
  rotary_emb_base: z.number().nullish(),
};
type RopeFields = z.infer<z.ZodObject<typeof ropeFields>>;

/** `fallback`: the library's own theta and share for this family where the file names none. */
export function rotaryOf(
  fields: RopeFields,
  headSize: number,
  fallback: { readonly theta?: number; readonly share?: number } = {},
): z.input<typeof Rotary> {
  const described = fields.rope_parameters ?? fields.rope_scaling ?? {};
  const theta =
    fields.rope_parameters?.rope_theta ?? fields.rope_theta ?? fields.rotary_emb_base ?? fallback.theta ?? 10_000;
  const share =
    described.partial_rotary_factor ?? fields.partial_rotary_factor ?? fields.rotary_pct ?? fallback.share ?? 1;
  return {
    kind: 'rotary',
    theta,
    rotarySize: Math.trunc(headSize * share),
    convention: 'half',
    scaling: scalingOf(described),
  };
}

function scalingOf(described: z.infer<typeof RopeScaling>): Rotary['scaling'] {
  const kind = z.enum(['default', 'linear', 'llama3']).parse(described.rope_type ?? described.type ?? 'default', {
    error: () => `rope_type '${described.rope_type ?? described.type}' is not among default, linear, llama3`,
  });
  if (kind === 'default') return { kind: 'none' };
  if (kind === 'linear') return { kind: 'linear', ...z.object({ factor: z.number() }).parse(described) };
  const found = Llama3Scaling.parse(described);
  return {
    kind: 'llama3',
    factor: found.factor,
    lowFrequencyFactor: found.low_freq_factor,
    highFrequencyFactor: found.high_freq_factor,
    originalContext: found.original_max_position_embeddings,
  };
}

/** What most families share; the rest overrides it. */
export const commonFields = {
  gated: false,
  tiedEmbeddings: false,
  attentionWindow: null,
  normOverrides: [],
  residual: { form: 'sequential', attentionScale: 1, mlpScale: 1 },
  initialisation: { standardDeviation: 0.02, scaledResidual: false },
} satisfies Partial<DecoderConfigInput>;

/** The same answer for all four kinds of biases. */
export function biases(all: boolean, logits = false): DecoderConfigInput['bias'] {
  return { queryKeyValue: all, attentionOutput: all, mlp: all, logits };
}
