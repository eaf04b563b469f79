import { ensure, formatShape, KernelError } from '../errors.ts';
import { addScaled, dot, identity, type Matrix, requireSquare, row, transposed } from './matrix.ts';

/**
 * The lower triangle `L` of `A = L Lᵀ`; reads the lower triangle of `a` only.
 * Throws `not-positive-definite` naming the pivot: a Hessian needs damping then.
 */
export function cholesky(a: Matrix): Matrix {
  requireSquare(a, 'Cholesky');
  const n = a.rows;
  const lower: Matrix = { rows: n, columns: n, values: new Float64Array(n * n) };
  for (let i = 0; i < n; i++) {
    const own = row(lower, i);
    for (let j = 0; j <= i; j++) {
      const rest = a.values[i * n + j]! - dot(own, row(lower, j), j);
      if (j < i) {
        own[j] = rest / lower.values[j * (n + 1)]!;
        continue;
      }
      if (!(rest > 0)) {
        throw new KernelError(
          'not-positive-definite',
          `Cholesky takes a positive definite matrix; pivot ${i} of ${n} is ${rest}`,
        );
      }
      own[i] = Math.sqrt(rest);
    }
  }
  return lower;
}

/**
 * `X` of `T X = B`, or of `Tᵀ X = B`, for a triangular `T`; the other triangle is not read.
 * Throws `invalid-argument` for a zero on the diagonal.
 */
export function solveTriangular(
  triangle: Matrix,
  b: Matrix,
  { part, transpose = false }: { readonly part: 'lower' | 'upper'; readonly transpose?: boolean },
): Matrix {
  requireSquare(triangle, 'a triangular solve');
  const n = triangle.rows;
  ensure(
    b.rows === n,
    'shape-mismatch',
    () => `a system of ${n} equations needs right sides of ${n} rows, not ${formatShape([b.rows, b.columns])}`,
  );
  const t = triangle.values;
  const x: Matrix = { ...b, values: Float64Array.from(b.values) };
  const forward = (part === 'lower') !== transpose;
  for (let step = 0; step < n; step++) {
    const i = forward ? step : n - 1 - step;
    const pivot = t[i * (n + 1)]!;
    ensure(pivot !== 0, 'invalid-argument', () => `a triangular system with a zero on the diagonal, at ${i}`);
    const own = row(x, i);
    for (let j = forward ? 0 : i + 1; j < (forward ? i : n); j++) {
      addScaled(own, -(transpose ? t[j * n + i]! : t[i * n + j]!), row(x, j));
    }
    for (let k = 0; k < own.length; k++) own[k]! /= pivot;
  }
  return x;
}

/** `A⁻¹` of a positive definite matrix, exactly symmetric. Throws as `cholesky` does. */
export function inversePositiveDefinite(a: Matrix): Matrix {
  const n = a.rows;
  const inverseLower = solveTriangular(cholesky(a), identity(n), { part: 'lower' });
  // A⁻¹ = L⁻ᵀ L⁻¹: a product of columns, which are rows of the transpose.
  const columns = transposed(inverseLower);
  const values = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) values[i * n + j] = values[j * n + i] = dot(row(columns, i), row(columns, j));
  }
  return { rows: n, columns: n, values };
}
