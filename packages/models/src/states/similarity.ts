/**
 * Similarities of residual states, in float64. A state is row-major, one row of `width` features a token. A row of zeros has the
 * cosine 0 with everything.
 */

/** Cosine of rows `row` of two states. */
export function cosineOfRow(a: ArrayLike<number>, b: ArrayLike<number>, row: number, width: number): number {
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (let i = row * width; i < (row + 1) * width; i++) {
    product += a[i]! * b[i]!;
    squareA += a[i]! ** 2;
    squareB += b[i]! ** 2;
  }
  if (squareA === 0 || squareB === 0) return 0;
  return Math.min(1, Math.max(-1, product / Math.sqrt(squareA * squareB)));
}

/** Cosine of each row of two states. */
export function cosines(a: ArrayLike<number>, b: ArrayLike<number>, width: number): Float64Array {
  return Float64Array.from({ length: a.length / width }, (_, row) => cosineOfRow(a, b, row, width));
}

/** arccos(cosine) / pi, 0 for the same direction, 1/2 for unrelated ones. */
export function angularDistance(cosine: number): number {
  return Math.acos(cosine) / Math.PI;
}

/** A mean that grows batch by batch. */
export class Mean {
  #sum = 0;
  #count = 0;

  add(values: Iterable<number>): void {
    for (const value of values) {
      this.#sum += value;
      this.#count += 1;
    }
  }

  /** NaN before the first value. */
  get value(): number {
    return this.#sum / this.#count;
  }
}

/** Indexes in the order of rising score; of equal scores the earlier first. */
export function ascending(scores: readonly number[]): number[] {
  return scores.map((_, index) => index).sort((a, b) => scores[a]! - scores[b]! || a - b);
}
