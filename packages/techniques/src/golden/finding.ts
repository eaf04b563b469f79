import type { GoldenArray, GoldenCase } from './values.ts';

/** One output of one case, ours against the golden one. Beyond the bound, or NaN, is a failure. */
export interface GoldenFinding {
  readonly case: string;
  readonly output: string;
  /** In the bound's measure: largest absolute difference, or the share of entries that differ. */
  readonly error: number;
  readonly bound: number;
}

/** A check of one golden file: how our code does what its cases did. */
export type GoldenCheck = (golden: GoldenCase) => readonly GoldenFinding[] | Promise<readonly GoldenFinding[]>;

/** Largest absolute difference; arrays of different length differ infinitely, NaN too. */
export function largestDifference(ours: ArrayLike<number>, golden: ArrayLike<number>): number {
  if (ours.length !== golden.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < ours.length; i++) {
    const difference = Math.abs(ours[i]! - golden[i]!);
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, difference);
  }
  return largest;
}

export function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
}

/** Share of entries that are not equal. */
export function shareDifferent(ours: ArrayLike<number>, golden: ArrayLike<number>): number {
  if (ours.length !== golden.length) return 1;
  let different = 0;
  for (let i = 0; i < ours.length; i++) if (ours[i] !== golden[i]) different += 1;
  return ours.length === 0 ? 0 : different / ours.length;
}

/** Findings of a case with less to write. */
export class Findings {
  readonly list: GoldenFinding[] = [];
  readonly #golden: GoldenCase;

  constructor(golden: GoldenCase) {
    this.#golden = golden;
  }

  /** Every entry within `bound` of the output of that name. */
  close(output: string, ours: ArrayLike<number>, bound: number, golden?: ArrayLike<number>): this {
    const expected = golden ?? this.array(output).data;
    return this.add(output, largestDifference(ours, expected), bound);
  }

  /** A number within `bound`. */
  number(output: string, ours: number, bound: number): this {
    return this.close(output, [ours], bound, [this.#golden.number('outputs', output)]);
  }

  /** At most the share `bound` of the entries differs; 0 means equal. */
  equal(output: string, ours: ArrayLike<number>, bound = 0, golden?: ArrayLike<number>): this {
    return this.add(output, shareDifferent(ours, golden ?? this.array(output).data), bound);
  }

  add(output: string, error: number, bound: number): this {
    this.list.push({ case: this.#golden.id, output, error, bound });
    return this;
  }

  array(output: string): GoldenArray {
    return this.#golden.array('outputs', output);
  }
}
