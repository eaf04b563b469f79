import { mean, sum } from './moments.ts';

/** Least-squares line through (x, y). */
export function leastSquares(x: readonly number[], y: readonly number[]): { slope: number; intercept: number } {
  if (x.length !== y.length || x.length < 2) throw new RangeError(`a line through ${x.length} x and ${y.length} y`);
  const centreX = mean(x);
  const centreY = mean(y);
  const spread = sum(x.map((value) => (value - centreX) ** 2));
  if (spread === 0) throw new RangeError('a line needs two different x');
  const slope = sum(x.map((value, i) => (value - centreX) * (y[i]! - centreY))) / spread;
  return { slope, intercept: centreY - slope * centreX };
}

/** Pearson's correlation; throws where one side does not vary, since it has none there. */
export function correlation(x: readonly number[], y: readonly number[]): number {
  if (x.length !== y.length || x.length < 2) throw new RangeError(`correlation of ${x.length} x and ${y.length} y`);
  const centreX = mean(x);
  const centreY = mean(y);
  const xx = sum(x.map((value) => (value - centreX) ** 2));
  const yy = sum(y.map((value) => (value - centreY) ** 2));
  if (xx === 0 || yy === 0) throw new RangeError('correlation needs variation on both sides');
  return sum(x.map((value, i) => (value - centreX) * (y[i]! - centreY))) / Math.sqrt(xx * yy);
}

/** Spearman's correlation: of ranks, equal values sharing the mean of theirs. Throws where one side does not vary. */
export function rankCorrelation(x: readonly number[], y: readonly number[]): number {
  return correlation(ranks(x), ranks(y));
}

function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    let [below, equal] = [0, 0];
    for (const other of values) {
      if (other < value) below += 1;
      else if (other === value) equal += 1;
    }
    return below + (equal - 1) / 2;
  });
}

/** Value of the broken line through (x, y), x ascending, at a point inside its range. */
export function interpolate(x: readonly number[], y: readonly number[], at: number): number {
  const last = x.length - 1;
  if (last < 0 || at < x[0]! || at > x[last]!) throw new RangeError(`${at} lies outside the line's range`);
  let right = 1;
  while (right < last && x[right]! < at) right++;
  if (last === 0) return y[0]!;
  const left = right - 1;
  const share = (at - x[left]!) / (x[right]! - x[left]!);
  return y[left]! + share * (y[right]! - y[left]!);
}
