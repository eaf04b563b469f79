import { ensure, formatShape } from '../errors.ts';
import { reflect, reflection } from './householder.ts';
import { type Matrix, row, transposed } from './matrix.ts';

/**
 * `A = Q R` of a matrix with at least as many rows as columns: `q` has A's shape and orthonormal columns, `r` is upper
 * triangular with a diagonal that is not negative, which makes both unique where A has full rank. Householder reflections.
 */
export function qr(a: Matrix): { readonly q: Matrix; readonly r: Matrix } {
  const { rows: m, columns: n } = a;
  ensure(m >= n, 'shape-mismatch', () => `QR takes at least as many rows as columns, not ${formatShape([m, n])}`);
  // Columns as rows, so that every inner loop runs over neighbours in memory.
  const work = transposed(a);
  const factors = new Float64Array(n);
  const r: Matrix = { rows: n, columns: n, values: new Float64Array(n * n) };
  for (let k = 0; k < n; k++) {
    const v = row(work, k).subarray(k);
    const { factor, alpha } = reflection(v);
    factors[k] = factor;
    r.values[k * (n + 1)] = alpha;
    for (let j = k + 1; j < n; j++) {
      const column = row(work, j);
      reflect(column.subarray(k), v, factor);
      r.values[k * n + j] = column[k]!;
    }
  }
  const q: Matrix = { rows: n, columns: m, values: new Float64Array(n * m) };
  for (let k = n - 1; k >= 0; k--) {
    q.values[k * m + k] = 1;
    for (let j = k; j < n; j++) reflect(row(q, j).subarray(k), row(work, k).subarray(k), factors[k]!);
  }
  for (let k = 0; k < n; k++) {
    if (r.values[k * (n + 1)]! >= 0) continue;
    for (const line of [row(r, k), row(q, k)]) for (let i = 0; i < line.length; i++) line[i] = 0 - line[i]!;
  }
  return { q: transposed(q), r };
}
