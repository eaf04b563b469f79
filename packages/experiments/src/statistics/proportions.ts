import { normalQuantile } from './normal.ts';
import { logGamma } from './special.ts';

/** Two-sided Wilson score interval of x successes in n trials; `level` 0.95 by default. */
export function wilsonInterval(x: number, n: number, level = 0.95): [number, number] {
  if (!(Number.isInteger(x) && Number.isInteger(n) && n > 0 && x >= 0 && x <= n)) {
    throw new RangeError(`expected 0 <= x <= n with n > 0, found x = ${x}, n = ${n}`);
  }
  const z = normalQuantile(1 - (1 - level) / 2);
  const share = x / n;
  const centre = share + (z * z) / (2 * n);
  const half = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const denominator = 1 + (z * z) / n;
  // At 0 and n the exact end is the end of the scale; the formula leaves a rounding error there.
  return [x === 0 ? 0 : (centre - half) / denominator, x === n ? 1 : (centre + half) / denominator];
}

/** P(X >= k) of a binomial with n trials of probability one half. */
export function binomialHalfTail(k: number, n: number): number {
  if (k <= 0) return 1;
  let total = 0;
  for (let i = n; i >= k; i--) total += binomialHalf(i, n);
  return Math.min(1, total);
}

function binomialHalf(k: number, n: number): number {
  if (n <= 50) {
    // Whole binomial coefficients below 2^53 are exact, and so is the power of two.
    let choose = 1;
    for (let i = 1; i <= Math.min(k, n - k); i++) choose = Math.round((choose * (n - i + 1)) / i);
    return choose * 2 ** -n;
  }
  return Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1) - n * Math.LN2);
}

/** Exact sign test: one-sided p that `wins` of `wins + losses` fair coins come out so often or more. */
export function signTest(wins: number, losses: number): number {
  return binomialHalfTail(wins, wins + losses);
}

/** The two-sided p: twice the smaller tail, at most 1. */
export function signTestTwoSided(wins: number, losses: number): number {
  return Math.min(1, 2 * Math.min(signTest(wins, losses), signTest(losses, wins)));
}

/**
 * Bonett and Price's adjusted Wald interval of a difference of paired proportions. `onlyFirst` and `onlySecond` are the
 * discordant pairs among `n`; `tail` is the probability outside each end. Clipped to [-1, 1].
 */
export function bonettPriceInterval(onlyFirst: number, onlySecond: number, n: number, tail: number): [number, number] {
  if (!(n > 0 && onlyFirst >= 0 && onlySecond >= 0 && onlyFirst + onlySecond <= n)) {
    throw new RangeError(`discordant pairs ${onlyFirst} and ${onlySecond} do not fit into ${n} pairs`);
  }
  const first = (onlyFirst + 1) / (n + 2);
  const second = (onlySecond + 1) / (n + 2);
  const difference = first - second;
  const half = normalQuantile(1 - tail) * Math.sqrt((first + second - difference * difference) / (n + 2));
  return [Math.max(-1, difference - half), Math.min(1, difference + half)];
}
