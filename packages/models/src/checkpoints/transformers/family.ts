import type { DecoderConfig, DecoderConfigInput } from '../../decoder/config.ts';
import type { ParameterValues } from '../../decoder/parameters.ts';

/** How one family of models of the transformers library becomes a decoder of ours. */
export interface TransformersFamily {
  /** Values of `model_type` that it reads. */
  readonly modelTypes: readonly string[];
  /** From the parsed `config.json`. Throws what zod throws for a missing or wrong field. */
  config(json: unknown): DecoderConfigInput;
  /**
   * The parameters that a tensor of the file becomes (a fused one becomes several, a buffer none); undefined for a name that the
   * family does not have. Works for gradients as for weights.
   */
  rename(name: string, tensor: ParameterValues, config: DecoderConfig): readonly NamedValues[] | undefined;
}

export type NamedValues = readonly [name: string, values: ParameterValues];
