import { complementaryErrorFunction } from './special.ts';

/** P(Z > z) of the standard normal distribution. */
export function normalSurvival(z: number): number {
  return 0.5 * complementaryErrorFunction(z / Math.SQRT2);
}

/** P(Z <= z). */
export function normalCdf(z: number): number {
  return normalSurvival(-z);
}

/** The z with P(Z <= z) = p, 0 < p < 1: a coarse start, then Newton steps on the logarithm of the smaller tail. */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`a quantile needs 0 < p < 1, found ${p}`);
  if (p === 0.5) return 0;
  const tail = Math.min(p, 1 - p);
  // Asymptotic start (error below 0.3 everywhere); Newton then doubles the digits.
  const u = Math.sqrt(-2 * Math.log(tail));
  let z = Math.max(u - (2.30753 + 0.27061 * u) / (1 + u * (0.99229 + 0.04481 * u)), 1e-3);
  for (let i = 0; i < 60; i++) {
    const survival = normalSurvival(z);
    const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
    const step = (survival * Math.log(survival / tail)) / density;
    z += step;
    if (Math.abs(step) <= 1e-15 * Math.max(1, Math.abs(z))) break;
  }
  return p < 0.5 ? -z : z;
}
