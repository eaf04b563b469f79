import type { RandomStream } from '@claimbench/kernels';

/** A window some of whose tokens are to be filled in. */
export interface MaskedTokens {
  /** What a model reads, as long as the window. */
  readonly inputs: Int32Array;
  /** The places that it is to fill in with what stood there, ascending. */
  readonly places: Int32Array;
}

/** BERT hides 15 % of a window and shows the mask in eight of ten such places, any token in one and the token itself in one. */
const HIDDEN = 0.15;
const SHOWN = { mask: 0.8, any: 0.1 } as const;

/**
 * Hides tokens of a window, as BERT's training does (Devlin et al. 2019, section 3.1): 15 % of them, rounded, and one at least, so that windows
 * of one length have equally many. The mask is a token of its own above all others.
 */
export function maskTokens(tokens: Int32Array, maskToken: number, random: RandomStream): MaskedTokens {
  const inputs = Int32Array.from(tokens);
  const count = Math.min(tokens.length, Math.max(1, Math.round(HIDDEN * tokens.length)));
  const order = Int32Array.from(tokens, (_, place) => place);
  for (let at = 0; at < count; at++) {
    const other = at + random.nextBelow(order.length - at);
    [order[at], order[other]] = [order[other]!, order[at]!];
    const shown = random.nextUniform();
    if (shown < SHOWN.mask) inputs[order[at]!] = maskToken;
    else if (shown < SHOWN.mask + SHOWN.any) inputs[order[at]!] = random.nextBelow(maskToken);
  }
  return { inputs, places: order.subarray(0, count).sort() };
}
