import { KernelError } from '../errors.ts';
import { largestComponent } from './eigh.ts';
import { reflect, reflection } from './householder.ts';
import { type Matrix, rotate, row, transposed } from './matrix.ts';

export interface SingularValues {
  /** rows x k, orthonormal columns; k = min(rows, columns). The largest component of each column is positive. */
  readonly u: Matrix;
  /** k values, descending, not negative. */
  readonly s: Float64Array;
  /** columns x k, orthonormal columns. */
  readonly v: Matrix;
}

const MAX_ITERATIONS = 75;

/**
 * `A = U diag(s) Vᵀ`, the thin form. Reflections to a bidiagonal matrix, then implicit QR steps with a zero-shift where it keeps small
 * singular values accurate (Golub and Van Loan, sections 5.4.8 and 8.6).
 */
export function svd(a: Matrix): SingularValues {
  if (a.rows < a.columns) {
    const { u, s, v } = svd(transposed(a));
    return oriented(v, s, u);
  }
  const { rows: m, columns: n } = a;
  // Columns as rows: every loop runs over neighbours.
  const columns = transposed(a);
  const lines: Matrix = { rows: n, columns: n, values: new Float64Array(n * n) };
  const left = new Float64Array(n);
  const right = new Float64Array(n);
  const d = new Float64Array(n);
  const e = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const v = row(columns, k).subarray(k);
    const leftReflection = reflection(v);
    left[k] = leftReflection.factor;
    d[k] = leftReflection.alpha;
    for (let j = k + 1; j < n; j++) reflect(row(columns, j).subarray(k), v, leftReflection.factor);
    if (k + 1 >= n) break;
    // The row right of the diagonal, gathered from the columns.
    const line = row(lines, k).subarray(k + 1);
    for (let j = k + 1; j < n; j++) line[j - k - 1] = columns.values[j * m + k]!;
    const rightReflection = reflection(line);
    right[k] = rightReflection.factor;
    e[k] = rightReflection.alpha;
    reflectAcross(columns, k + 1, line, rightReflection.factor);
  }
  const u = accumulated(columns, left, m, 0);
  const v = accumulated(lines, right, n, 1);
  diagonalise(d, e, u, v);
  return ordered(u, d, v);
}

/** The reflection of `line` over rows `first..` of the matrix that `columns` holds transposed, for its rows from `first` on. */
function reflectAcross(columns: Matrix, first: number, line: Float64Array, factor: number): void {
  if (factor === 0) return;
  const { columns: m } = columns;
  const sums = new Float64Array(m - first);
  for (let j = 0; j < line.length; j++) {
    const column = row(columns, first + j).subarray(first);
    const weight = line[j]!;
    for (let i = 0; i < sums.length; i++) sums[i]! += weight * column[i]!;
  }
  for (let j = 0; j < line.length; j++) {
    const column = row(columns, first + j).subarray(first);
    const weight = factor * line[j]!;
    for (let i = 0; i < sums.length; i++) column[i]! -= weight * sums[i]!;
  }
}

/** The product of the reflections that stand in the rows of `vectors`, applied to the first unit vectors; as rows. */
function accumulated(vectors: Matrix, factors: Float64Array, length: number, offset: number): Matrix {
  const n = factors.length;
  const result: Matrix = { rows: n, columns: length, values: new Float64Array(n * length) };
  for (let j = 0; j < n; j++) result.values[j * length + j] = 1;
  for (let k = n - 1; k >= 0; k--) {
    if (factors[k] === 0) continue;
    const v = row(vectors, k).subarray(k + offset);
    for (let j = k; j < n; j++) reflect(row(result, j).subarray(k + offset), v, factors[k]!);
  }
  return result;
}

/** `d` becomes the singular values of the bidiagonal matrix with diagonal `d` and `e` right of it; `u`, `v` (as rows) follow. */
function diagonalise(d: Float64Array, e: Float64Array, u: Matrix, v: Matrix): void {
  const n = d.length;
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(d[i]!) + Math.abs(e[i]!));
  const negligible = (i: number) => Math.abs(e[i]!) <= Number.EPSILON * (Math.abs(d[i]!) + Math.abs(d[i + 1]!));
  const zero = (i: number) => Math.abs(d[i]!) <= Number.EPSILON * norm * 1e-3;
  let iterations = 0;
  for (let high = n - 1; high > 0; ) {
    if (
      negligible(high - 1) ||
      (zero(high - 1) && zero(high) && Math.abs(e[high - 1]!) <= Number.EPSILON * norm * 1e-3)
    ) {
      e[high - 1] = 0;
      high--;
      iterations = 0;
      continue;
    }
    if (iterations++ === MAX_ITERATIONS) {
      throw new KernelError(
        'no-convergence',
        `svd: singular value ${high} of ${n} took more than ${MAX_ITERATIONS} steps`,
      );
    }
    let low = high - 1;
    while (low > 0 && !negligible(low - 1)) low--;
    if (low > 0) e[low - 1] = 0;
    const zeroAt = findZero(low, high, zero);
    if (zeroAt >= 0) chaseZero(d, e, u, v, low, high, zeroAt);
    else step(d, e, u, v, low, high);
  }
}

function findZero(low: number, high: number, zero: (i: number) => boolean): number {
  for (let i = low; i <= high; i++) if (zero(i)) return i;
  return -1;
}

/** A zero on the diagonal splits the matrix: rotations move what stands beside it out of its row, or out of the last column. */
function chaseZero(
  d: Float64Array,
  e: Float64Array,
  u: Matrix,
  v: Matrix,
  low: number,
  high: number,
  at: number,
): void {
  d[at] = 0;
  if (at < high) {
    let bulge = e[at]!;
    e[at] = 0;
    for (let j = at + 1; j <= high; j++) {
      const r = Math.hypot(d[j]!, bulge);
      if (r === 0) break;
      const [c, s] = [d[j]! / r, bulge / r];
      d[j] = r;
      rotate(row(u, j), row(u, at), c, s);
      if (j === high) break;
      bulge = -s * e[j]!;
      e[j] = c * e[j]!;
    }
  } else {
    let bulge = e[high - 1]!;
    e[high - 1] = 0;
    for (let j = high - 1; j >= low; j--) {
      const r = Math.hypot(d[j]!, bulge);
      if (r === 0) break;
      const [c, s] = [d[j]! / r, bulge / r];
      d[j] = r;
      rotate(row(v, j), row(v, high), c, s);
      if (j === low) break;
      bulge = -s * e[j - 1]!;
      e[j - 1] = c * e[j - 1]!;
    }
  }
}

/** One implicit QR step on the block `low..high`, shifted towards the smallest singular value of its end. */
function step(d: Float64Array, e: Float64Array, u: Matrix, v: Matrix, low: number, high: number): void {
  const shift = wilkinsonShift(d, e, low, high);
  let y = d[low]! - (shift * shift) / d[low]!;
  let z = e[low]!;
  if (!Number.isFinite(y)) y = d[low]!;
  for (let k = low; k < high; k++) {
    let r = Math.hypot(y, z);
    let [c, s] = r === 0 ? [1, 0] : [y / r, z / r];
    if (k > low) e[k - 1] = r;
    const f = c * d[k]! + s * e[k]!;
    e[k] = c * e[k]! - s * d[k]!;
    z = s * d[k + 1]!;
    d[k + 1] = c * d[k + 1]!;
    rotate(row(v, k), row(v, k + 1), c, s);
    r = Math.hypot(f, z);
    [c, s] = r === 0 ? [1, 0] : [f / r, z / r];
    d[k] = r;
    y = c * e[k]! + s * d[k + 1]!;
    d[k + 1] = c * d[k + 1]! - s * e[k]!;
    if (k + 1 < high) {
      z = s * e[k + 1]!;
      e[k + 1] = c * e[k + 1]!;
    }
    rotate(row(u, k), row(u, k + 1), c, s);
  }
  e[high - 1] = y;
}

/** The singular value of the last 2 x 2 block nearest to its end; 0 where a shift would be lost in the rounding of the first one. */
function wilkinsonShift(d: Float64Array, e: Float64Array, low: number, high: number): number {
  const f = Math.abs(d[high - 1]!);
  const g = Math.abs(e[high - 1]!);
  const h = Math.abs(d[high]!);
  const before = high - 1 > low ? Math.abs(e[high - 2]!) : 0;
  // Eigenvalue of [[f² + before², f g], [f g, g² + h²]] nearest to the last entry, scaled against overflow.
  const scale = Math.max(f, g, h, before);
  if (scale === 0) return 0;
  const [fs, gs, hs, bs] = [f / scale, g / scale, h / scale, before / scale];
  const first = fs * fs + bs * bs;
  const last = gs * gs + hs * hs;
  const mixed = fs * gs;
  const half = (first - last) / 2;
  const root = Math.hypot(half, mixed);
  const denominator = half + (half < 0 ? -root : root);
  const eigenvalue = denominator === 0 ? last : last - (mixed * mixed) / denominator;
  const shift = scale * Math.sqrt(Math.max(0, eigenvalue));
  const ratio = shift / Math.abs(d[low]!);
  return ratio * ratio < Number.EPSILON ? 0 : shift;
}

/** Descending and not negative; from rows to columns. */
function ordered(u: Matrix, d: Float64Array, v: Matrix): SingularValues {
  const n = d.length;
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => Math.abs(d[b]!) - Math.abs(d[a]!) || a - b);
  const [us, vs] = [u, v].map((lines) => ({ ...lines, values: new Float64Array(lines.values.length) })) as [
    Matrix,
    Matrix,
  ];
  order.forEach((from, to) => {
    row(us, to).set(row(u, from));
    const line = row(vs, to);
    line.set(row(v, from));
    if (d[from]! < 0) for (let i = 0; i < line.length; i++) line[i] = -line[i]!;
  });
  return oriented(
    transposed(us),
    Float64Array.from(order, (from) => Math.abs(d[from]!)),
    transposed(vs),
  );
}

function oriented(u: Matrix, s: Float64Array, v: Matrix): SingularValues {
  const [left, right] = [transposed(u), transposed(v)];
  for (let j = 0; j < s.length; j++) {
    if (largestComponent(row(left, j)) >= 0) continue;
    for (const line of [row(left, j), row(right, j)]) for (let i = 0; i < line.length; i++) line[i] = -line[i]!;
  }
  return { u: transposed(left), s, v: transposed(right) };
}
