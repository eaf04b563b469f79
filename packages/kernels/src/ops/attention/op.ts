import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, bufferOrNone, ensureFloats, ensureShape, savedOrNone } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * q, y [batch, queryTime, heads, dim]; k, v [batch, keyCapacity, keyHeads, dim] of which the first keyTime rows count;
 * slopes [heads]; logSumExp [batch, heads, queryTime]. Query head h reads key head floor(h keyHeads / heads). Query i sits at
 * position p = i + keyTime - queryTime. For each batch, head and query, over the visible keys j:
 *
 *     s[j] = scale q[i] . k[j]                    then, where softcap c > 0,  s = c tanh(s / c)
 *     s[j] += slopes[h] j                         where slopes is given (ALiBi)
 *     visible: j < keyTime;  causal: j <= p;  window w > 0: p - w < j <= p
 *     logSumExp = log sum_j exp(s[j])             p[j] = exp(s[j] - logSumExp)          y[i] = sum_j p[j] v[j]
 *
 *     backward   dp[j]  = dy[i] . v[j]            ds[j] = p[j] (dp[j] - dy[i] . y[i])
 *                where softcap: ds[j] *= 1 - (capped s[j] / c)²                     (the value before slopes)
 *                dq[i] (+)= scale sum_j ds[j] k[j]
 *                dk[j] (+)= scale sum over the head's group of queries of ds[j] q[i]
 *                dv[j] (+)= sum over the head's group of queries of p[j] dy[i]
 *
 * backward recomputes p from logSumExp; dk and dv have the shape of k and v (keyCapacity = keyTime there).
 * logSumExp is absent where no gradient is wanted. softcap 0 and window 0 mean none.
 */
export const attentionKernels: readonly KernelSignature[] = [
  {
    name: 'attention.forward',
    reads: ['q', 'k', 'v', 'slopes?'],
    writes: ['y', 'logSumExp?'],
    scalars: [
      'batch',
      'queryTime',
      'keyTime',
      'keyCapacity',
      'heads',
      'keyHeads',
      'dim',
      'causal',
      'window',
      'scale',
      'softcap',
    ],
  },
  {
    name: 'attention.backward',
    reads: ['dy', 'q', 'k', 'v', 'slopes?', 'y', 'logSumExp'],
    writes: ['dq?', 'dk?', 'dv?'],
    scalars: [
      'batch',
      'queryTime',
      'keyTime',
      'keyCapacity',
      'heads',
      'keyHeads',
      'dim',
      'causal',
      'window',
      'scale',
      'softcap',
      'accumulateQ',
      'accumulateK',
      'accumulateV',
    ],
  },
];

export interface AttentionOptions {
  readonly causal: boolean;
  /** Factor of the scores; absent: 1 / sqrt(dim). */
  readonly scale?: number;
  /** Sliding window: key j is visible when p - window < j <= p. Needs causal. */
  readonly window?: number;
  /** Soft cap of the scores (Gemma 2): softcap tanh(score / softcap). */
  readonly softcap?: number;
  /** ALiBi slopes [heads]: slope times j is added to the scores. Not differentiated. */
  readonly slopes?: Tensor;
  /** Only the first keyTime rows of k and v count (a cache that is longer than what it holds). Not differentiable. */
  readonly keyTime?: number;
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017, eq. 1), grouped queries included:
 * q [batch, queryTime, heads, dim], k and v [batch, keyTime, keyHeads, dim] give [batch, queryTime, heads, dim].
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions): Tensor {
  const { slopes } = options;
  const backend = backendOf('attention', q, k, v, slopes);
  ensureShape('attention', 'v', v, k.shape);
  ensureFloats('attention', { v });
  const sizes = ensureAttention(q, k, options);
  const { batch, queryTime, keyTime, keyCapacity, heads, keyHeads, dim, causal, window, scale, softcap } = sizes;
  const y = Tensor.empty(backend, q.shape);
  const recorded = needsGradient(q, k, v);
  ensure(
    !recorded || keyTime === keyCapacity,
    'invalid-argument',
    () => 'attention: keyTime below the rows of k is for decoding, without gradient',
  );
  const logSumExp = recorded ? Tensor.empty(backend, [batch, heads, queryTime]) : undefined;
  const scalars = [
    batch,
    queryTime,
    keyTime,
    keyCapacity,
    heads,
    keyHeads,
    dim,
    causal ? 1 : 0,
    window,
    scale,
    softcap,
  ];
  backend.encode(
    'attention.forward',
    [q.buffer, k.buffer, v.buffer, bufferOrNone(slopes), y.buffer, bufferOrNone(logSumExp)],
    scalars,
  );
  if (recorded) {
    recordGradient(y, [q, k, v], [q, k, v, slopes, y, logSumExp], (dy, sink) => {
      const dq = sink.into(q);
      const dk = sink.into(k);
      const dv = sink.into(v);
      backend.encode(
        'attention.backward',
        [
          dy.buffer,
          q.storage.id,
          k.storage.id,
          v.storage.id,
          savedOrNone(slopes),
          y.storage.id,
          savedOrNone(logSumExp),
          dq.buffer,
          dk.buffer,
          dv.buffer,
        ],
        [...scalars, dq.accumulate, dk.accumulate, dv.accumulate],
      );
    });
  }
  return y;
}

/** An attention whose operands fit: extents, and options with nothing left open. */
export interface AttentionSizes {
  readonly batch: number;
  readonly queryTime: number;
  readonly keyTime: number;
  readonly keyCapacity: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly dim: number;
  readonly causal: boolean;
  /** 0: none. */
  readonly window: number;
  readonly scale: number;
  /** 0: none. */
  readonly softcap: number;
}

/** Checks q [batch, queryTime, heads, dim], k [batch, keyCapacity, keyHeads, dim] and the options. */
export function ensureAttention(q: Tensor, k: Tensor, options: AttentionOptions): AttentionSizes {
  const { causal, window = 0, softcap = 0, slopes } = options;
  ensureFloats('attention', { q, k, slopes });
  ensure(
    q.shape.length === 4 && k.shape.length === 4,
    'shape-mismatch',
    () => `attention: q and k have 4 dimensions, found ${formatShape(q.shape)} and ${formatShape(k.shape)}`,
  );
  const [batch, queryTime, heads, dim] = q.shape as [number, number, number, number];
  const [, keyCapacity, keyHeads] = k.shape as [number, number, number, number];
  ensureShape('attention', 'k', k, [batch, keyCapacity, keyHeads, dim]);
  ensureShape('attention', 'slopes', slopes, [heads]);
  const keyTime = options.keyTime ?? keyCapacity;
  ensure(
    keyHeads > 0 && heads % keyHeads === 0,
    'shape-mismatch',
    () => `attention: ${heads} query heads do not share ${keyHeads} key heads evenly`,
  );
  ensure(
    keyTime >= 1 && keyTime <= keyCapacity && (!causal || queryTime <= keyTime),
    'shape-mismatch',
    () => `attention: every query needs a key: ${queryTime} queries, ${keyTime} keys in ${keyCapacity} rows`,
  );
  ensure(
    window === 0 || (causal && Number.isInteger(window) && window > 0),
    'invalid-argument',
    () => `attention: a window is a positive integer and needs causal, found ${window}`,
  );
  ensure(softcap >= 0, 'invalid-argument', () => `attention: softcap is positive, found ${softcap}`);
  const scale = options.scale ?? 1 / Math.sqrt(dim);
  return { batch, queryTime, keyTime, keyCapacity, heads, keyHeads, dim, causal, window, scale, softcap };
}
