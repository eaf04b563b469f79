/**
 * Standard error of the ratio `sum totals / sum sizes` over independent items (Cochran 1977, section 6.4):
 * `sqrt(n / (n - 1) * sum (total - ratio * size)^2) / sum sizes`. NaN for fewer than two items.
 */
export function standardErrorOfRatio(totals: readonly number[], sizes: readonly number[]): number {
  const items = totals.length;
  let total = 0;
  let size = 0;
  for (let item = 0; item < items; item++) {
    total += totals[item]!;
    size += sizes[item]!;
  }
  const ratio = total / size;
  let squares = 0;
  for (let item = 0; item < items; item++) squares += (totals[item]! - ratio * sizes[item]!) ** 2;
  return items < 2 ? Number.NaN : Math.sqrt((items / (items - 1)) * squares) / size;
}
