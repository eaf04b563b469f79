import { keep, Tensor, writeSlice } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';

/** What a pass of attention reads: keys and values with room for `capacity` tokens, of which the first `time` count. */
export interface CachedKeysValues {
  readonly key: Tensor;
  readonly value: Tensor;
  readonly time: number;
}

/**
 * Keys and values of the tokens seen so far, one pair of `[batch, capacity, keyValueHeads, headSize]` for each step of the layer plan
 * (a repeated layer keeps its own each time).
 */
export class KeyValueCache implements Disposable {
  /** Most tokens that it holds. */
  readonly capacity: number;
  readonly #held = new Map<number, { readonly key: Tensor; readonly value: Tensor }>();
  #length = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Tokens held. */
  get length(): number {
    return this.#length;
  }

  /** Appends `[batch, time, keyValueHeads, headSize]` to what the step holds. Throws `shape-mismatch` when the room is used up. */
  extend(step: number, key: Tensor, value: Tensor): CachedKeysValues {
    const time = this.#length + key.shape[1]!;
    if (time > this.capacity) {
      throw new ModelError('shape-mismatch', `the cache has room for ${this.capacity} tokens, not for ${time}`);
    }
    let held = this.#held.get(step);
    if (held === undefined) {
      const room = (like: Tensor) => keep(Tensor.empty(like.backend, like.shape.with(1, this.capacity)));
      held = { key: room(key), value: room(value) };
      this.#held.set(step, held);
    }
    writeSlice(held.key, key, 1, this.#length);
    writeSlice(held.value, value, 1, this.#length);
    return { ...held, time };
  }

  /** The pass over `time` tokens is complete. */
  advance(time: number): void {
    this.#length += time;
  }

  dispose(): void {
    for (const { key, value } of this.#held.values()) {
      key.dispose();
      value.dispose();
    }
    this.#held.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
