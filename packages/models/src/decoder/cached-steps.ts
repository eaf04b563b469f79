import { gatherRows, keep, scope, Tensor } from '@claimbench/kernels';
import { ModelError } from '../model-error.ts';

/** What is held of one step's keys or values. */
export interface CachedKeysValues {
  readonly key: Tensor;
  readonly value: Tensor;
}

/**
 * The storage that caches in float32 share: keys and values `[batch, rows, keyValueHeads, headSize]` of each step, made when the step first
 * needs them.
 */
export class CachedSteps {
  /** Tokens that each step has room for. */
  readonly rows: number;
  readonly #held = new Map<number, CachedKeysValues>();

  constructor(rows: number) {
    this.rows = rows;
  }

  get bytes(): number {
    let floats = 0;
    for (const { key, value } of this.#held.values()) floats += key.size + value.size;
    return floats * 4;
  }

  /** `like` tells batch, heads and size. */
  of(step: number, like: Tensor): CachedKeysValues {
    const known = this.#held.get(step);
    if (known !== undefined) return known;
    const room = () => keep(Tensor.empty(like.backend, like.shape.with(1, this.rows)));
    const held = { key: room(), value: room() };
    this.#held.set(step, held);
    return held;
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
}

/** Rows of the first axis in a tensor of its own, in place of the old one, which is freed. Throws `cache-mismatch`. */
function selectRows(held: Tensor, rows: readonly number[]): Tensor {
  checkRows(rows, held.shape[0]!);
  const selected = scope(() => keep(gatherRows(held, Tensor.from(held.backend, Int32Array.from(rows), [rows.length]))));
  held.dispose();
  return selected;
}

/** Throws `cache-mismatch` where a row is none of `batch`. */
export function checkRows(rows: readonly number[], batch: number): void {
  const unknown = rows.find((row) => !Number.isInteger(row) || row < 0 || row >= batch);
  if (unknown === undefined) return;
  throw new ModelError('cache-mismatch', `the cache holds rows 0 to ${batch - 1}, row ${unknown} was asked for`);
}

/** Throws `cache-mismatch`. */
export function checkLength(length: number, held: number): number {
  if (Number.isInteger(length) && length >= 0 && length <= held) return length;
  throw new ModelError('cache-mismatch', `a cache of ${held} tokens cannot be cut to ${length}`);
}
