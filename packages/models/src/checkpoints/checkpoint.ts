import type { DecoderConfig } from '../decoder/config.ts';
import type { IntegerBlocks } from '../decoder/integer-block-linear.ts';
import type { ParameterValues } from '../decoder/parameters.ts';

/** A checkpoint's config and parameters, ready for `Decoder.fromValues`. */
export interface Checkpoint {
  readonly config: DecoderConfig;
  readonly parameters: ReadonlyMap<string, ParameterValues>;
  /** Linears whose weights it stores as integers, by their names: what `computeOnIntegers` takes. Absent: none. */
  readonly integers?: () => ReadonlyMap<string, IntegerBlocks>;
}
