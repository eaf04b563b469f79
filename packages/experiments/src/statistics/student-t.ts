import { normalQuantile } from './normal.ts';
import { incompleteBeta, logBeta } from './special.ts';

/** P(T > t) of Student's distribution with `df` > 0 degrees of freedom (not necessarily whole). */
export function studentSurvival(t: number, df: number): number {
  if (!(df > 0)) throw new RangeError(`Student's t needs degrees of freedom above 0, found ${df}`);
  if (t === Number.POSITIVE_INFINITY) return 0;
  if (t === Number.NEGATIVE_INFINITY) return 1;
  const square = t * t;
  const x = df / (df + square);
  const y = square / (df + square);
  const tail = 0.5 * incompleteBeta(x, df / 2, 0.5, y);
  return t >= 0 ? tail : 1 - tail;
}

/** P(T <= t). */
export function studentCdf(t: number, df: number): number {
  return studentSurvival(-t, df);
}

/**
 * The t with P(T <= t) = p, 0 < p < 1, to about 1e-12 relative: bracketed Newton steps on the smaller tail.
 * The golden file and every interval of a verdict rest on it.
 */
export function studentQuantile(p: number, df: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`a quantile needs 0 < p < 1, found ${p}`);
  if (!(df > 0)) throw new RangeError(`Student's t needs degrees of freedom above 0, found ${df}`);
  if (p === 0.5) return 0;
  if (p < 0.5) return -upperQuantile(p, df);
  return upperQuantile(1 - p, df);
}

/** The t > 0 with P(T > t) = tail, for a tail below one half. */
function upperQuantile(tail: number, df: number): number {
  if (df === 1) return 1 / Math.tan(Math.PI * tail);
  if (df === 2) return (1 - 2 * tail) / Math.sqrt(2 * tail * (1 - tail));
  let low = 0;
  let high = Math.max(1, -normalQuantile(tail));
  while (studentSurvival(high, df) > tail) {
    low = high;
    high *= 2;
  }
  const logNorm = -0.5 * Math.log(df) - logBeta(df / 2, 0.5);
  let t = 0.5 * (low + high);
  for (let i = 0; i < 200; i++) {
    const survival = studentSurvival(t, df);
    if (survival > tail) low = t;
    else high = t;
    const density = Math.exp(logNorm - ((df + 1) / 2) * Math.log1p((t * t) / df));
    // Newton on the logarithm of the tail: nearly straight far out, where Newton on the tail itself overshoots.
    const step = (survival * Math.log(survival / tail)) / density;
    let next = t + step;
    if (!(next > low && next < high)) next = 0.5 * (low + high);
    if (Math.abs(next - t) <= 1e-15 * Math.abs(t) || high - low <= 1e-15 * high) return next;
    t = next;
  }
  return t;
}
