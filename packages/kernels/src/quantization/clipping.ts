import { ensure } from '../errors.ts';
import { codeOnGrid, valueOnGrid } from './uniform_grid.ts';

/** The magnitude that `percentile` percent of the values do not exceed: between two of them, on a line at (n - 1) percentile / 100. */
export function clipByPercentile(values: ArrayLike<number>, percentile: number): number {
  ensure(values.length > 0, 'invalid-argument', () => 'clipByPercentile: at least one value is needed, found none');
  ensure(
    percentile >= 0 && percentile <= 100,
    'invalid-argument',
    () => `clipByPercentile: a percentile lies from 0 to 100, found ${percentile}`,
  );
  const sorted = Float64Array.from(values, Math.abs).sort();
  const place = ((sorted.length - 1) * percentile) / 100;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[above]! - sorted[below]!);
}

export interface ErrorClip {
  /** The magnitude beyond which values are clipped. */
  readonly clip: number;
  /** Which of the candidates 1 .. `candidates` it is. */
  readonly candidate: number;
  /** Mean squared error of each. */
  readonly errors: Float64Array;
}

/**
 * The clip with the least mean squared error of the symmetric grid with codes -highest .. highest, of max|x| k / candidates for k = 1 ..
 * candidates; the smallest of equals.
 */
export function clipBySquaredError(values: ArrayLike<number>, highest: number, candidates = 100): ErrorClip {
  ensure(values.length > 0, 'invalid-argument', () => 'clipBySquaredError: at least one value is needed, found none');
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  const errors = new Float64Array(candidates);
  let best = 0;
  for (let k = 1; k <= candidates; k++) {
    const grid = { scale: (largest * k) / candidates / highest, zeroPoint: 0, lowest: -highest, highest };
    let total = 0;
    for (let i = 0; i < values.length; i++) {
      const onGrid = largest === 0 ? 0 : valueOnGrid(codeOnGrid(values[i]!, grid), grid);
      total += (values[i]! - onGrid) ** 2;
    }
    errors[k - 1] = total / values.length;
    if (errors[k - 1]! < errors[best]!) best = k - 1;
  }
  return { clip: (largest * (best + 1)) / candidates, candidate: best + 1, errors };
}
