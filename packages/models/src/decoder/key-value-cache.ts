import { type Tensor, writeSlice } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';
import { type AttendOptions, attend } from './attend.ts';
import type { AttentionCache } from './attention-cache.ts';
import { type CachedKeysValues, CachedSteps, checkLength } from './cached-steps.ts';

/** Keys and values in float32, `[batch, capacity, keyValueHeads, headSize]` each. */
export class KeyValueCache implements AttentionCache {
  readonly #steps: CachedSteps;
  #length = 0;

  constructor(capacity: number) {
    this.#steps = new CachedSteps(capacity);
  }

  /** Most tokens that it holds. */
  get capacity(): number {
    return this.#steps.rows;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#steps.bytes;
  }

  attend(step: number, query: Tensor, key: Tensor, value: Tensor, options: AttendOptions): Tensor {
    const held = this.#store(step, key, value);
    return attend(query, held.key, held.value, { ...options, keyTime: this.#length + key.shape[1]! });
  }

  append(step: number, key: Tensor, value: Tensor): void {
    this.#store(step, key, value);
  }

  advance(time: number): void {
    this.#length += time;
  }

  truncate(length: number): void {
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

  #store(step: number, key: Tensor, value: Tensor): CachedKeysValues {
    const time = this.#length + key.shape[1]!;
    if (time > this.capacity) {
      throw new ModelError('cache-full', `the cache has room for ${this.capacity} tokens, not for ${time}`);
    }
    const held = this.#steps.of(step, key);
    writeSlice(held.key, key, 1, this.#length);
    writeSlice(held.value, value, 1, this.#length);
    return held;
  }
}
