import { mean, standardDeviation } from './moments.ts';

/**
 * Interval of a mean that holds at every stopping time (t-mixture): all values v whose mixture likelihood ratio
 *   -1/2 ln(1 + n g) + n/2 [ ln(1 + t^2/(n-1)) - ln(1 + t^2/((n-1)(1 + n g))) ],  t = (mean - v) sqrt(n) / sd
 * stays below ln(1/alpha). It pools blocks that were not planned together. Ends are infinite while n is too small.
 */
export function anytimeInterval(values: readonly number[], alpha = 0.05, g = 1): [number, number] {
  const n = values.length;
  const unbounded: [number, number] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (n < 2) return unbounded;
  const limit = Math.log(1 / alpha);
  const grown = 1 + n * g;
  if (((n - 1) / 2) * Math.log(grown) <= limit) return unbounded;
  // With u = t^2/(n-1) the condition is (1 + u) / (1 + u/grown) < k, which is linear in u.
  const k = Math.exp((2 / n) * (limit + 0.5 * Math.log(grown)));
  const u = (k - 1) / (1 - k / grown);
  const half = Math.sqrt((u * (n - 1)) / n) * standardDeviation(values);
  const centre = mean(values);
  return [centre - half, centre + half];
}
