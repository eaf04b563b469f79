/** Sums in pairs: the rounding error grows with log n, and the order is fixed by the length alone. */
export function sum(values: readonly number[]): number {
  const add = (from: number, to: number): number => {
    if (to - from <= 8) {
      let total = 0;
      for (let i = from; i < to; i++) total += values[i]!;
      return total;
    }
    const middle = (from + to) >> 1;
    return add(from, middle) + add(middle, to);
  };
  return add(0, values.length);
}

/** Arithmetic mean; throws on an empty list, which has none. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the mean of no values');
  return sum(values) / values.length;
}

/** Sample variance with n - 1 in the denominator; needs two values. */
export function variance(values: readonly number[]): number {
  if (values.length < 2) throw new RangeError(`a variance needs two values, found ${values.length}`);
  const centre = mean(values);
  return sum(values.map((value) => (value - centre) ** 2)) / (values.length - 1);
}

/** Sample standard deviation (n - 1). */
export function standardDeviation(values: readonly number[]): number {
  return Math.sqrt(variance(values));
}

/** Order statistic at share p, interpolated linearly between neighbours. */
export function quantile(values: readonly number[], p: number): number {
  if (values.length === 0 || !(p >= 0 && p <= 1)) throw new RangeError(`quantile ${p} of ${values.length} values`);
  const sorted = [...values].sort((a, b) => a - b);
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (position - below) * (high - low);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Third central moment over the second to the power 3/2, population moments (biased); null without spread. */
export function skewness(values: readonly number[]): number | null {
  if (values.length < 3) return null;
  const centre = mean(values);
  const second = mean(values.map((value) => (value - centre) ** 2));
  if (second <= (1e-12 * Math.max(...values.map(Math.abs))) ** 2) return null;
  return mean(values.map((value) => (value - centre) ** 3)) / second ** 1.5;
}
