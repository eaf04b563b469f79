import type { DecoderConfig } from '../decoder/config.ts';
import type { ParameterValues } from '../decoder/parameters.ts';

/** A checkpoint's config and parameters, ready for `Decoder.fromValues`. */
export interface Checkpoint {
  readonly config: DecoderConfig;
  readonly parameters: ReadonlyMap<string, ParameterValues>;
}
