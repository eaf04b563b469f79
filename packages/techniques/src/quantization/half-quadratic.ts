import { roundHalfEven } from '@claimbench/kernels';

export interface HalfQuadraticOptions {
  readonly bits: number;
  /** Exponent of the error's norm. */
  readonly norm: number;
  readonly beta: number;
  readonly iterations: number;
}

export interface HalfQuadraticGrid {
  readonly codes: Uint8Array;
  /** Step of each group: a weight is `scale (code - zero)`. */
  readonly scales: Float32Array;
  /** Not rounded. */
  readonly zeros: Float32Array;
}

/** A scale larger than this stands for a range that holds one value. */
const LARGEST_INVERSE = 2e4;
const SMALLEST_RANGE = 1e-4;

/**
 * HQQ on groups of `groupSize` consecutive weights. Between two splittings the error e = w - s(q - z) is shrunk towards a few large
 * values, e <- sign(e) max(|e| - |e|^(p-1) / beta, 0), and the zero point becomes the mean of q - (w - e) / s. The scale stays.
 * It stops at the first round that does not lower the mean error over all groups, with the zero points of that round, as the
 * authors' code does.
 */
export function halfQuadraticGrid(
  weights: Float32Array,
  groupSize: number,
  { bits, norm, beta, iterations }: HalfQuadraticOptions,
): HalfQuadraticGrid {
  const groups = weights.length / groupSize;
  const highest = 2 ** bits - 1;
  /** Codes per unit of weight: the inverse of the step. */
  const inverse = new Float64Array(groups);
  const zeros = new Float64Array(groups);
  for (let group = 0; group < groups; group++) {
    const values = weights.subarray(group * groupSize, (group + 1) * groupSize);
    const min = Math.min(...values);
    const range = Math.max(...values) - min;
    inverse[group] = range <= SMALLEST_RANGE ? 1 : Math.min(highest / range, LARGEST_INVERSE);
    zeros[group] = -min * inverse[group]!;
  }
  const codeOf = (w: number, group: number) =>
    Math.min(Math.max(roundHalfEven(w * inverse[group]! + zeros[group]!), 0), highest);
  const shrink = (error: number) => {
    const size = Math.abs(error);
    return size === 0 ? 0 : Math.sign(error) * Math.max(size - size ** (norm - 1) / beta, 0);
  };
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < iterations; round++) {
    let total = 0;
    for (let group = 0; group < groups; group++) {
      let sum = 0;
      for (let i = group * groupSize; i < (group + 1) * groupSize; i++) {
        const w = weights[i]!;
        const code = codeOf(w, group);
        const error = w - (code - zeros[group]!) / inverse[group]!;
        total += Math.abs(error);
        sum += code - (w - shrink(error)) * inverse[group]!;
      }
      zeros[group] = sum / groupSize;
    }
    const error = total / weights.length;
    if (!(error < best)) break;
    best = error;
  }
  return {
    codes: Uint8Array.from(weights, (w, i) => codeOf(w, Math.floor(i / groupSize))),
    scales: Float32Array.from(inverse, (value) => 1 / value),
    zeros: Float32Array.from(zeros),
  };
}
