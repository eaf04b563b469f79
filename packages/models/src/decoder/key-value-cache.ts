import { gatherRows, keep, scope, Tensor, writeSlice } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';
import { type AttendOptions, attend } from './attend.ts';
import type { AttentionCache } from './attention-cache.ts';

interface KeysValues {
  readonly key: Tensor;
  readonly value: Tensor;
}

/** Keys and values in float32, `[batch, capacity, keyValueHeads, headSize]` each. */
export class KeyValueCache implements AttentionCache {
  /** Most tokens that it holds. */
  readonly capacity: number;
  readonly #held = new Map<number, KeysValues>();
  #length = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    let floats = 0;
    for (const { key, value } of this.#held.values()) floats += key.size + value.size;
    return floats * 4;
  }

  attend(step: number, query: Tensor, key: Tensor, value: Tensor, options: AttendOptions): Tensor {
    const time = this.#length + key.shape[1]!;
    if (time > this.capacity) {
      throw new ModelError('cache-full', `the cache has room for ${this.capacity} tokens, not for ${time}`);
    }
    let held = this.#held.get(step);
    if (held === undefined) {
      const room = (like: Tensor) => keep(Tensor.empty(like.backend, like.shape.with(1, this.capacity)));
      held = { key: room(key), value: room(value) };
      this.#held.set(step, held);
    }
    writeSlice(held.key, key, 1, this.#length);
    writeSlice(held.value, value, 1, this.#length);
    return attend(query, held.key, held.value, { ...options, keyTime: time });
  }

  advance(time: number): void {
    this.#length += time;
  }

  truncate(length: number): void {
    this.#length = checkLength(length, this.#length);
  }

  select(rows: readonly number[]): void {
    for (const [step, { key, value }] of this.#held) {
      this.#held.set(step, { key: selectRows(key, rows), value: selectRows(value, rows) });
    }
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

/** Rows of the first axis in a tensor of its own, in place of the old one, which is freed. Throws `cache-mismatch`. */
export function selectRows(held: Tensor, rows: readonly number[]): Tensor {
  const batch = held.shape[0]!;
  const unknown = rows.find((row) => !Number.isInteger(row) || row < 0 || row >= batch);
  if (unknown !== undefined) {
    throw new ModelError('cache-mismatch', `the cache holds rows 0 to ${batch - 1}, row ${unknown} was asked for`);
  }
  const selected = scope(() => keep(gatherRows(held, Tensor.from(held.backend, Int32Array.from(rows), [rows.length]))));
  held.dispose();
  return selected;
}

/** Throws `cache-mismatch`. */
export function checkLength(length: number, held: number): number {
  if (Number.isInteger(length) && length >= 0 && length <= held) return length;
  throw new ModelError('cache-mismatch', `a cache of ${held} tokens cannot be cut to ${length}`);
}
