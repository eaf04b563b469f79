import {
  emptyPackedRows,
  keep,
  type PackedRows,
  readPackedRows,
  selectPackedRows,
  type Tensor,
  writePackedRows,
} from '@claimbench/kernels';
import { type AttendOptions, attend } from '../decoder/attend.ts';
import type { AttentionCache } from '../decoder/attention-cache.ts';
import { checkLength, checkRows } from '../decoder/cached-steps.ts';
import { ModelError } from '../model-error.ts';

interface PackedKeysValues {
  readonly key: PackedRows;
  readonly value: PackedRows;
}

/**
 * Keys and values as integers of 2, 4 or 8 bits: each token's vector of each head is rounded to the nearest of 2^bits - 1 levels around 0, with
 * a float32 scale of its own (its largest magnitude), so it stays as it was however many tokens follow. Bytes are
 * `2 * steps * batch * capacity * keyValueHeads * (4 ceil(headSize bits / 32) + 4)`. While a step attends, its keys and values stand as
 * float32 beside that; the tokens of the pass itself are attended to as they were rounded, so passes may be cut anywhere.
 */
export class PackedCache implements AttentionCache {
  readonly bits: number;
  readonly capacity: number;
  readonly #held = new Map<number, PackedKeysValues>();
  #length = 0;

  constructor(capacity: number, bits: number) {
    this.capacity = capacity;
    this.bits = bits;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    const bytesOf = ({ codes, scales }: PackedRows) => codes.size + 4 * scales.size;
    let bytes = 0;
    for (const { key, value } of this.#held.values()) bytes += bytesOf(key) + bytesOf(value);
    return bytes;
  }

  attend(step: number, query: Tensor, key: Tensor, value: Tensor, options: AttendOptions): Tensor {
    this.append(step, key, value);
    const held = this.#held.get(step)!;
    const time = this.#length + key.shape[1]!;
    const unpacked = (table: PackedRows) =>
      readPackedRows(table, time * key.shape[2]!).reshape(key.shape.with(1, time));
    return attend(query, unpacked(held.key), unpacked(held.value), { ...options, keyTime: time });
  }

  append(step: number, key: Tensor, value: Tensor): void {
    const [batch, time, heads, size] = key.shape as [number, number, number, number];
    if (this.#length + time > this.capacity) {
      throw new ModelError(
        'cache-full',
        `the cache has room for ${this.capacity} tokens, not for ${this.#length + time}`,
      );
    }
    let held = this.#held.get(step);
    if (held === undefined) {
      const form = { width: size, bits: this.bits };
      const room = () => kept(emptyPackedRows(key.backend, batch, this.capacity * heads, form));
      held = { key: room(), value: room() };
      this.#held.set(step, held);
    }
    writePackedRows(held.key, key.reshape([batch, time * heads, size]), this.#length * heads);
    writePackedRows(held.value, value.reshape([batch, time * heads, size]), this.#length * heads);
  }

  advance(time: number): void {
    this.#length += time;
  }

  truncate(length: number): void {
    this.#length = checkLength(length, this.#length);
  }

  select(rows: readonly number[]): void {
    for (const [step, { key, value }] of this.#held) {
      checkRows(rows, key.scales.shape[0]!);
      this.#held.set(step, { key: selected(key, rows), value: selected(value, rows) });
    }
  }

  dispose(): void {
    for (const { key, value } of this.#held.values()) {
      free(key);
      free(value);
    }
    this.#held.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Rows of a table in one of its own, in place of the old one, which is freed. */
function selected(table: PackedRows, rows: readonly number[]): PackedRows {
  const chosen = kept(selectPackedRows(table, rows));
  free(table);
  return chosen;
}

function kept(table: PackedRows): PackedRows {
  keep(table.codes);
  keep(table.scales);
  return table;
}

function free({ codes, scales }: PackedRows): void {
  codes.dispose();
  scales.dispose();
}
