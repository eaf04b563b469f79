import type { Tensor } from '@claimbench/kernels';
import type { AttendOptions } from './attend.ts';

/**
 * What a decoder remembers of the tokens it has read: keys and values, one pair for each step of the layer plan (a repeated layer
 * keeps its own each time). How they are stored is the cache's own affair, so attention over them is too.
 */
export interface AttentionCache extends Disposable {
  /** Tokens read. */
  readonly length: number;
  /** Bytes of keys and values on the backend. */
  readonly bytes: number;
  /**
   * Appends key and value `[batch, time, keyValueHeads, headSize]` to what the step holds and attends to all of it:
   * query `[batch, time, heads, headSize]` to the same shape. Throws `cache-full`, and `cache-mismatch`
   * where a bias of scores is given and the cache does not keep positions apart.
   */
  attend(step: number, query: Tensor, key: Tensor, value: Tensor, options: AttendOptions): Tensor;
  /** As `attend` without asking: what later tokens attend to where this one's layer is skipped. */
  append(step: number, key: Tensor, value: Tensor): void;
  /** The pass over `time` tokens is complete. */
  advance(time: number): void;
  /** Forgets all tokens from position `length` on. Throws `cache-mismatch` where they cannot be told from those before. */
  truncate(length: number): void;
  /** Row i becomes what row `rows[i]` was: drops, repeats or reorders the texts of a batch. */
  select(rows: readonly number[]): void;
  dispose(): void;
}
