import {
  type AttentionOptions,
  add,
  attention,
  matmul,
  mul,
  scale,
  slice,
  softmax,
  Tensor,
  tanh,
  transpose,
} from '@claimbench/kernels';

/** What a key's score gets that a query must not see: beyond it no float32 exponential is above 0. */
export const HIDDEN = -1e9;

/** How queries attend to keys: what the attention kernel knows, and a `bias` that broadcasts to `[batch, heads, queryTime, keyTime]`. */
export interface AttendOptions extends AttentionOptions {
  /** Added to the scores: masks of padding, relative positions. */
  readonly bias?: Tensor;
}

/**
 * Attention with a bias where there is one: query `[batch, queryTime, heads, headSize]`, key and value
 * `[batch, rows, keyValueHeads, headSize]` to the shape of query. With a bias it is composed of plain products.
 */
export function attend(query: Tensor, key: Tensor, value: Tensor, options: AttendOptions): Tensor {
  const { bias, ...rest } = options;
  if (bias === undefined) return attention(query, key, value, rest);
  const time = options.keyTime ?? key.shape[1]!;
  const held = (x: Tensor) => (x.shape[1] === time ? x : slice(x, 1, 0, time));
  const visible = visibilityBias(query, time, rest);
  return biasedAttention(query, held(key), held(value), visible === undefined ? bias : add(bias, visible), rest);
}

function biasedAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  bias: Tensor,
  options: Pick<AttentionOptions, 'scale' | 'softcap'>,
): Tensor {
  const [batch, queryTime, heads, headSize] = query.shape as [number, number, number, number];
  const [, keyTime, keyHeads] = key.shape as [number, number, number, number];
  const group = heads / keyHeads;
  const byHead = (x: Tensor) => transpose(x, [0, 2, 1, 3]).reshape([batch, keyHeads, 1, keyTime, headSize]);
  const queries = transpose(query, [0, 2, 1, 3]).reshape([batch, keyHeads, group, queryTime, headSize]);
  const products = matmul(queries, byHead(key), { transposeB: true });
  const factor = options.scale ?? 1 / Math.sqrt(headSize);
  let scores = scale(products.reshape([batch, heads, queryTime, keyTime]), factor);
  const { softcap } = options;
  if (softcap !== undefined) scores = scale(tanh(scale(scores, 1 / softcap)), softcap);
  const shares = softmax(add(scores, bias), 3).reshape([batch, keyHeads, group, queryTime, keyTime]);
  const mixed = matmul(shares, byHead(value)).reshape([batch, heads, queryTime, headSize]);
  return transpose(mixed, [0, 2, 1, 3]);
}

/**
 * What hides later keys and keys before the window, and what ALiBi adds, as scores `[1, heads or 1, time, keyTime]`: what the kernel
 * does by itself. undefined where every key counts alike.
 */
function visibilityBias(query: Tensor, keyTime: number, options: AttentionOptions): Tensor | undefined {
  const { causal, window, slopes } = options;
  const { backend } = query;
  const time = query.shape[1]!;
  let hidden: Tensor | undefined;
  if (causal) {
    const scores = Float32Array.from({ length: time * keyTime }, (_, at) => {
      const key = at % keyTime;
      const position = Math.floor(at / keyTime) + keyTime - time;
      return key > position || (window !== undefined && key <= position - window) ? HIDDEN : 0;
    });
    hidden = Tensor.from(backend, scores, [1, 1, time, keyTime]);
  }
  if (slopes === undefined) return hidden;
  const keys = Tensor.from(
    backend,
    Float32Array.from({ length: keyTime }, (_, key) => key),
    [1, 1, 1, keyTime],
  );
  const added = mul(slopes.reshape([1, slopes.size, 1, 1]), keys);
  return hidden === undefined ? added : add(hidden, added);
}
