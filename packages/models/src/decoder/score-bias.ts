import { add, embedding, scale, sub, Tensor, transpose } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';
import { HIDDEN } from './attend.ts';
import type { DecoderConfig } from './config.ts';
import { relativeBucket } from './positions.ts';

/**
 * What a whole pass adds to attention's scores: learned biases of distances and the mask of padding, as one tensor that broadcasts to
 * `[batch, heads, time, keyTime]`; undefined where nothing is added.
 */
export function scoreBias(
  config: DecoderConfig,
  times: { readonly position: number; readonly time: number },
  relativeWeight: Tensor | undefined,
  mask: Tensor | undefined,
): Tensor | undefined {
  const padding = mask === undefined ? undefined : paddingBias(mask, times.position + times.time);
  const relative = relativeWeight === undefined ? undefined : relativeBias(config, relativeWeight, times);
  return padding !== undefined && relative !== undefined ? add(padding, relative) : (padding ?? relative);
}

/** A mask f32 `[batch, keyTime]` of ones (seen) and zeros (padding) as scores `[batch, 1, 1, keyTime]`. */
export function paddingBias(mask: Tensor, keyTime: number): Tensor {
  const [batch, time] = mask.shape;
  if (mask.shape.length !== 2 || time !== keyTime) {
    throw new ModelError(
      'shape-mismatch',
      `a mask must be [batch, ${keyTime}], one number for each key; found [${mask.shape.join(', ')}]`,
    );
  }
  const one = Tensor.from(mask.backend, Float32Array.of(1), [1]);
  return scale(sub(mask, one), -HIDDEN).reshape([batch!, 1, 1, keyTime]);
}

function relativeBias(
  config: DecoderConfig,
  weight: Tensor,
  { position, time }: { readonly position: number; readonly time: number },
): Tensor {
  if (config.position.kind !== 'relative') throw new ModelError('invalid-config', 'positions are not relative');
  const keyTime = position + time;
  const buckets = new Int32Array(time * keyTime);
  for (let query = 0; query < time; query++) {
    for (let key = 0; key < keyTime; key++) {
      const distance = key - position - query;
      buckets[query * keyTime + key] = relativeBucket(distance, config.position, !config.attention.causal);
    }
  }
  const byPair = embedding(Tensor.from(weight.backend, buckets, [time, keyTime]), weight);
  return transpose(byPair, [2, 0, 1]).reshape([1, config.heads, time, keyTime]);
}
