import { ensure } from '../../errors.ts';
import { scope, Tensor } from '../../tensor.ts';
import { add } from '../add/op.ts';
import { matmul } from '../matmul/op.ts';
import { mul } from '../mul/op.ts';
import { backendOf, ensureFloats, ensureShape } from '../operands.ts';
import { scale as scaled } from '../scale/op.ts';
import { slice } from '../slice/op.ts';
import { softmax } from '../softmax/op.ts';
import { tanh } from '../tanh/op.ts';
import { transpose } from '../transpose/op.ts';
import { type AttentionOptions, type AttentionSizes, ensureAttention } from './op.ts';

export interface AttentionPartsOptions extends AttentionOptions {
  /**
   * Added to the scores after soft cap and slopes; broadcast to [batch, heads, queryTime, keyTime] and differentiated: a padding
   * mask of 0 and minus infinity, relative positions (T5). A query that sees no key gives NaN.
   */
  readonly bias?: Tensor;
}

/**
 * The same attention as `attention`, from batched products and a masked softmax: for techniques that look at or change what
 * stands between. It keeps batch x heads x queryTime x keyTime scores; the fused op keeps none.
 */
export function attentionInParts(q: Tensor, k: Tensor, v: Tensor, options: AttentionPartsOptions): Tensor {
  ensureFloats('attention', { v });
  ensureShape('attention', 'v', v, k.shape);
  backendOf('attention', q, k, v);
  return scope(() => attentionValues(attentionProbabilities(q, k, options), v));
}

/** softmax(scores) [batch, heads, queryTime, keyTime], 0 where a key is hidden: the p of `attention`. */
export function attentionProbabilities(q: Tensor, k: Tensor, options: AttentionPartsOptions): Tensor {
  const sizes = ensureAttention(q, k, options);
  const { slopes, bias } = options;
  const backend = backendOf('attention', q, k, slopes, bias);
  ensureFloats('attention', { bias });
  return scope(() => {
    let scores = scaled(productOfHeads(q, k, sizes), sizes.scale);
    if (sizes.softcap > 0) scores = scaled(tanh(scaled(scores, 1 / sizes.softcap)), sizes.softcap);
    if (slopes !== undefined) {
      const keys = Tensor.from(
        backend,
        Float32Array.from({ length: sizes.keyTime }, (_, j) => j),
        [sizes.keyTime],
      );
      scores = add(scores, mul(slopes.reshape([sizes.heads, 1, 1]), keys));
    }
    if (sizes.causal) scores = add(scores, Tensor.from(backend, hiddenKeys(sizes), [sizes.queryTime, sizes.keyTime]));
    if (bias !== undefined) {
      const biased = add(scores, bias);
      ensureShape('attention', 'the sum of scores and bias', biased, scores.shape);
      scores = biased;
    }
    return softmax(scores);
  });
}

/**
 * y[i] = sum_j p[i, j] v[j]: probabilities [batch, heads, queryTime, keyTime], v [batch, keyCapacity, keyHeads, dim] give
 * [batch, queryTime, heads, dim].
 */
export function attentionValues(probabilities: Tensor, v: Tensor): Tensor {
  ensureFloats('attention', { probabilities, v });
  ensure(
    probabilities.shape.length === 4 && v.shape.length === 4,
    'shape-mismatch',
    () => `attention: probabilities and v have 4 dimensions, found [${probabilities.shape}] and [${v.shape}]`,
  );
  const [batch, heads, queryTime, keyTime] = probabilities.shape as [number, number, number, number];
  const [, keyCapacity, keyHeads, dim] = v.shape as [number, number, number, number];
  ensureShape('attention', 'v', v, [batch, keyCapacity, keyHeads, dim]);
  ensure(
    keyHeads > 0 && heads % keyHeads === 0 && keyTime <= keyCapacity,
    'shape-mismatch',
    () => `attention: probabilities [${probabilities.shape}] do not weigh values [${v.shape}]`,
  );
  return scope(() => {
    const grouped = probabilities.reshape([batch, keyHeads, heads / keyHeads, queryTime, keyTime]);
    const y = matmul(grouped, headsFirst(v, keyTime).reshape([batch, keyHeads, 1, keyTime, dim]));
    return transpose(y.reshape([batch, heads, queryTime, dim]), [0, 2, 1, 3]);
  });
}

/** q . k of every query head with its key head: [batch, heads, queryTime, keyTime]. */
function productOfHeads(q: Tensor, k: Tensor, sizes: AttentionSizes): Tensor {
  const { batch, heads, keyHeads, queryTime, keyTime, dim } = sizes;
  const queries = headsFirst(q, queryTime).reshape([batch, keyHeads, heads / keyHeads, queryTime, dim]);
  const keys = headsFirst(k, keyTime).reshape([batch, keyHeads, 1, keyTime, dim]);
  return matmul(queries, keys, { transposeB: true }).reshape([batch, heads, queryTime, keyTime]);
}

/** [batch, time, heads, dim] as [batch, heads, time, dim], the first `time` rows. */
function headsFirst(x: Tensor, time: number): Tensor {
  const used = time === x.shape[1] ? x : slice(x, 1, 0, time);
  return transpose(used, [0, 2, 1, 3]);
}

/** 0 where query i sees key j, minus infinity elsewhere. */
function hiddenKeys({ queryTime, keyTime, window }: AttentionSizes): Float32Array {
  const mask = new Float32Array(queryTime * keyTime);
  for (let i = 0; i < queryTime; i++) {
    const position = i + keyTime - queryTime;
    for (let j = 0; j < keyTime; j++) {
      const visible = j <= position && (window === 0 || j > position - window);
      if (!visible) mask[i * keyTime + j] = Number.NEGATIVE_INFINITY;
    }
  }
  return mask;
}
