import { type AttentionPartsOptions, attention, attentionInParts, type Tensor } from '@claimbench/kernels';

/** How queries attend to keys: what the fused kernel knows, and a `bias` that broadcasts to `[batch, heads, queryTime, keyTime]`. */
export type AttendOptions = AttentionPartsOptions;

/** What a key's score gets that a query must not see: beyond it no float32 exponential is above 0, and no NaN comes of it. */
export const HIDDEN = -1e9;

/** The fused kernel; where scores get a bias (masks of padding, relative positions) the same from its parts. */
export function attend(query: Tensor, key: Tensor, value: Tensor, options: AttendOptions): Tensor {
  const { bias, ...rest } = options;
  return bias === undefined ? attention(query, key, value, rest) : attentionInParts(query, key, value, options);
}
