import { KernelError } from '../errors.ts';
import { reflect, reflection } from './householder.ts';
import { addScaled, dot, identity, type Matrix, requireSquare, rotate, row, transposed } from './matrix.ts';

export interface SymmetricEigen {
  /** Ascending. */
  readonly values: Float64Array;
  /** Column j belongs to value j; orthonormal; the largest component of each is positive. */
  readonly vectors: Matrix;
}

/** More sweeps than this for one eigenvalue have never been seen; LAPACK gives up at the same number. */
const MAX_ITERATIONS = 30;

/**
 * Eigenvalues and eigenvectors of a symmetric matrix; reads the lower triangle only. Reflections to a tridiagonal matrix, then
 * implicit QL steps with Wilkinson's shift (Golub and Van Loan, sections 8.3.1 and 8.3.3).
 */
export function eigh(a: Matrix): SymmetricEigen {
  requireSquare(a, 'eigh');
  const n = a.rows;
  const { diagonal, offDiagonal, reflections, factors } = tridiagonal(a);
  // Eigenvectors as rows: a step turns two neighbouring rows.
  const vectors = identity(n);
  implicitQl(diagonal, offDiagonal, vectors);
  for (let j = 0; j < n; j++) {
    const vector = row(vectors, j);
    for (let k = n - 3; k >= 0; k--) reflect(vector.subarray(k + 1), row(reflections, k).subarray(k + 1), factors[k]!);
  }
  return sorted(diagonal, vectors);
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** n - 1 values and a zero. */
  readonly offDiagonal: Float64Array;
  /** Row k holds the vector of reflection k from column k + 1 on. */
  readonly reflections: Matrix;
  readonly factors: Float64Array;
}

function tridiagonal(a: Matrix): Tridiagonal {
  const n = a.rows;
  // The whole of both triangles is kept, so that a row is also a column.
  const work: Matrix = { rows: n, columns: n, values: Float64Array.from(a.values) };
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) work.values[j * n + i] = work.values[i * n + j]!;
  const diagonal = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  const factors = new Float64Array(Math.max(0, n - 2));
  const w = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    diagonal[k] = work.values[k * (n + 1)]!;
    if (k === n - 1) break;
    const v = row(work, k).subarray(k + 1);
    if (k === n - 2) {
      offDiagonal[k] = v[0]!;
      continue;
    }
    const { factor, alpha } = reflection(v);
    factors[k] = factor;
    offDiagonal[k] = alpha;
    if (factor === 0) continue;
    // A' = A - v wᵀ - w vᵀ with w = factor (A v - (factor / 2) (v·A v) v)
    const size = n - k - 1;
    for (let i = 0; i < size; i++) w[i] = factor * dot(row(work, k + 1 + i).subarray(k + 1), v);
    addScaled(w, -(factor / 2) * dot(w, v, size), v, size);
    for (let i = 0; i < size; i++) {
      const line = row(work, k + 1 + i).subarray(k + 1);
      const [vi, wi] = [v[i]!, w[i]!];
      for (let j = 0; j < size; j++) line[j] = line[j]! - (vi * w[j]! + wi * v[j]!);
    }
  }
  return { diagonal, offDiagonal, reflections: work, factors };
}

/** Diagonalises in place; `vectors` holds the eigenvectors of the tridiagonal matrix as rows afterwards. */
function implicitQl(d: Float64Array, e: Float64Array, vectors: Matrix): void {
  const n = d.length;
  for (let l = 0; l < n; l++) {
    for (let iteration = 0; ; iteration++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) m++;
      if (m === l) break;
      if (iteration === MAX_ITERATIONS) {
        throw new KernelError('no-convergence', `eigh: eigenvalue ${l} of ${n} took more than ${MAX_ITERATIONS} steps`);
      }
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = Math.hypot(g, 1);
      g = d[m]! - d[l]! + e[l]! / (g + (g < 0 ? -r : r));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          // The matrix falls apart here before the step is through.
          d[i + 1]! -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        r = (d[i]! - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        rotate(row(vectors, i + 1), row(vectors, i), c, s);
      }
      if (r === 0 && i >= l) continue;
      d[l]! -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
}

function sorted(values: Float64Array, vectors: Matrix): SymmetricEigen {
  const n = values.length;
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b);
  const lines: Matrix = { rows: n, columns: n, values: new Float64Array(n * n) };
  order.forEach((from, to) => {
    const line = row(lines, to);
    line.set(row(vectors, from));
    if (largestComponent(line) < 0) for (let i = 0; i < n; i++) line[i] = -line[i]!;
  });
  return { values: Float64Array.from(order, (from) => values[from]!), vectors: transposed(lines) };
}

/** The component of largest magnitude, the first of equals: its sign is what a vector's sign is fixed by. */
export function largestComponent(line: Float64Array): number {
  return line.reduce((largest, value) => (Math.abs(value) > Math.abs(largest) ? value : largest), 0);
}
