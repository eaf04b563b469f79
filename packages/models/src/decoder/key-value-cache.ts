import { concat, keep, type Tensor } from '@claimbench/kernels';

/** Keys and values of the tokens seen so far, one pair for each step of the layer plan (a repeated layer keeps its own each time). */
export class KeyValueCache implements Disposable {
  readonly #held = new Map<number, { key: Tensor; value: Tensor }>();
  #length = 0;

  /** Tokens held. */
  get length(): number {
    return this.#length;
  }

  /** Appends `[batch, time, keyValueHeads, headSize]` to what the step holds and gives all of it. */
  extend(step: number, key: Tensor, value: Tensor): { key: Tensor; value: Tensor } {
    const held = this.#held.get(step);
    const extended =
      held === undefined
        ? { key: keep(key), value: keep(value) }
        : { key: keep(concat([held.key, key], 1)), value: keep(concat([held.value, value], 1)) };
    held?.key.dispose();
    held?.value.dispose();
    this.#held.set(step, extended);
    return extended;
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
