/** Density of the standard normal distribution. */
export function normalDensity(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}

/** Phi, the standard normal distribution function, to about 1e-13 relative also far out on the left. */
export function normalDistribution(x: number): number {
  const z = -x / Math.SQRT2;
  return z > 2 ? erfcFar(z) / 2 : (1 - erfNear(z)) / 2;
}

/** erf(z) = 2/sqrt(pi) exp(-z²) sum_n 2^n z^(2n+1) / (2n+1)!!: all terms of one sign, nothing cancels. */
function erfNear(z: number): number {
  if (z < -6) return -1;
  let term = z;
  let sum = z;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * z * z) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
}

/** erfc(z) = exp(-z²)/sqrt(pi) 1/(z + (1/2)/(z + 1/(z + (3/2)/(z + ...)))), evaluated from the far end. z > 2. */
function erfcFar(z: number): number {
  if (z === Number.POSITIVE_INFINITY) return 0;
  let fraction = z;
  for (let n = 120; n >= 1; n--) fraction = z + n / 2 / fraction;
  return Math.exp(-z * z) / (Math.sqrt(Math.PI) * fraction);
}
