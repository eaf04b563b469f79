import { addScaled, dot } from './matrix.ts';

/**
 * Makes `x` the vector `v` of the reflection `H = I - factor v vᵀ` (`v[0] = 1`) with `H x = (alpha, 0, ...)`, without overflow
 * or cancellation (Golub and Van Loan, Matrix Computations, 4th ed., algorithm 5.1.1, with the sign of LAPACK).
 * A vector that is already of that form gives `factor` 0: no reflection.
 */
export function reflection(x: Float64Array): { readonly factor: number; readonly alpha: number } {
  const head = x[0]!;
  let largest = 0;
  for (let i = 1; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i]!));
  if (largest === 0) {
    x[0] = 1;
    return { factor: 0, alpha: head };
  }
  const scale = Math.max(largest, Math.abs(head));
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i]! / scale) ** 2;
  const norm = scale * Math.sqrt(sum);
  const alpha = head > 0 ? -norm : norm;
  const pivot = head - alpha;
  for (let i = 1; i < x.length; i++) x[i]! /= pivot;
  x[0] = 1;
  return { factor: -pivot / alpha, alpha };
}

/** `x -= factor (v·x) v` for one vector. */
export function reflect(x: Float64Array, v: Float64Array, factor: number): void {
  if (factor !== 0) addScaled(x, -factor * dot(v, x), v);
}
