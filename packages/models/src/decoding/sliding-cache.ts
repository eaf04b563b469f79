import { attention, concat, scope, slice, type Tensor, writeSlice } from '@claimbench/kernels';
import type { AttendOptions } from '../decoder/attend.ts';
import type { AttentionCache } from '../decoder/attention-cache.ts';
import { CachedSteps, checkLength } from '../decoder/cached-steps.ts';
import { ModelError } from '../model-error.ts';

/**
 * Only the last `window` tokens, in float32, `[batch, window, keyValueHeads, headSize]` for keys and as much for values; the token at position p
 * stands in row p mod window. What a model with that attention window needs and no more; of another model it is
 * sliding-window attention. A single token attends to the rows as they stand: sums over keys then run in another order
 * than without a cache, so last bits may differ.
 */
export class SlidingCache implements AttentionCache {
  readonly #steps: CachedSteps;
  #length = 0;

  constructor(window: number) {
    this.#steps = new CachedSteps(window);
  }

  get window(): number {
    return this.#steps.rows;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#steps.bytes;
  }

  attend(step: number, query: Tensor, key: Tensor, value: Tensor, options: AttendOptions): Tensor {
    if (options.bias !== undefined) {
      throw new ModelError(
        'cache-mismatch',
        'a sliding cache has no place for a bias of scores (masks, relative positions)',
      );
    }
    const time = key.shape[1]!;
    const held = this.#steps.of(step, key);
    const end = this.#length + time;
    // Positions count in ALiBi, and where the model's own window is narrower than the ring.
    const ordered = options.slopes !== undefined || (options.window ?? this.window) < this.window;
    if (end <= this.window || (time === 1 && !ordered)) {
      this.append(step, key, value);
      const { window: _, ...rest } = options;
      const narrower = ordered && options.window !== undefined ? { window: options.window } : {};
      return attention(query, held.key, held.value, { ...rest, ...narrower, keyTime: Math.min(end, this.window) });
    }
    const kept = Math.min(this.#length, this.window - 1);
    const keys = this.#lastRows(held.key, kept, key);
    const values = this.#lastRows(held.value, kept, value);
    this.append(step, key, value);
    const window = Math.min(this.window, options.window ?? this.window);
    return attention(query, keys, values, { ...options, window });
  }

  append(step: number, key: Tensor, value: Tensor): void {
    const held = this.#steps.of(step, key);
    const time = key.shape[1]!;
    const stored = Math.min(time, this.window);
    const position = this.#length + time - stored;
    const last = (x: Tensor) => (stored === time ? x : slice(x, 1, time - stored, stored));
    this.#store(held.key, last(key), position);
    this.#store(held.value, last(value), position);
  }

  advance(time: number): void {
    this.#length += time;
  }

  truncate(length: number): void {
    if (length < this.#length && this.#length > this.window) {
      throw new ModelError(
        'cache-mismatch',
        `a sliding cache of ${this.window} tokens has overwritten what stood before its ${this.#length}: it cannot be cut to ${length}`,
      );
    }
    this.#length = checkLength(length, this.#length);
  }

  select(rows: readonly number[]): void {
    this.#steps.select(rows);
  }

  dispose(): void {
    this.#steps.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Writes rows (at most `window`) for the positions from `position` on; they may run over the ring's end. */
  #store(ring: Tensor, rows: Tensor, position: number): void {
    const time = rows.shape[1]!;
    const start = position % this.window;
    const first = Math.min(time, this.window - start);
    if (first === time) {
      writeSlice(ring, rows, 1, start);
    } else {
      writeSlice(ring, slice(rows, 1, 0, first), 1, start);
      writeSlice(ring, slice(rows, 1, first, time - first), 1, 0);
    }
  }

  /** The last `count` rows in the order of their positions, and `next` after them. */
  #lastRows(ring: Tensor, count: number, next: Tensor): Tensor {
    const start = (this.#length - count) % this.window;
    const first = Math.min(count, this.window - start);
    return scope(() => concat([slice(ring, 1, start, first), slice(ring, 1, 0, count - first), next], 1));
  }
}
