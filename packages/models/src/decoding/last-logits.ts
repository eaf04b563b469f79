import { scope, type Tensor } from '@claimbench/kernels';
import type { AttentionCache } from '../decoder/attention-cache.ts';
import type { Decoder } from '../decoder/decoder.ts';

/** Reads ids `[batch, time]` into the cache and gives each row's logits after its last token. */
export async function lastLogits(
  decoder: Decoder,
  ids: Tensor,
  cache: AttentionCache,
): Promise<readonly Float32Array[]> {
  return await trailingLogits(decoder, ids, cache, 1);
}

/** As `lastLogits`, of the last `count` tokens: row after row, `count` arrays each. */
export async function trailingLogits(
  decoder: Decoder,
  ids: Tensor,
  cache: AttentionCache,
  count: number,
): Promise<readonly Float32Array[]> {
  using logits = scope(() => decoder.logits(ids, cache, { last: count }));
  const values = await logits.readFloats();
  const size = decoder.config.vocabularySize;
  return Array.from({ length: values.length / size }, (_, at) => values.subarray(at * size, (at + 1) * size));
}
