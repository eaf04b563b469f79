import { ensure, formatShape, KernelError } from '../errors.ts';

/**
 * Dense linear algebra for techniques, in float64 on row-major matrices, on the host. Plain TypeScript on purpose: one result for
 * every machine and instruction set, so that a technique built on it has one digest (docs/decisions/0008-linear-algebra.md).
 */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Row-major, `rows * columns` values. */
  readonly values: Float64Array;
}

/** A matrix from values of any number type, copied. Throws `size-mismatch`, and `invalid-argument` for a value that is not finite. */
export function matrix(rows: number, columns: number, values: ArrayLike<number>): Matrix {
  ensure(
    values.length === rows * columns,
    'size-mismatch',
    () => `a matrix ${formatShape([rows, columns])} has ${rows * columns} values, not ${values.length}`,
  );
  const copied = Float64Array.from(values);
  const bad = copied.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const place = formatShape([Math.floor(bad / columns), bad % columns]);
    throw new KernelError('invalid-argument', `a matrix of finite values is expected; at ${place} is ${copied[bad]}`);
  }
  return { rows, columns, values: copied };
}

export function identity(size: number): Matrix {
  const values = new Float64Array(size * size);
  for (let i = 0; i < size; i++) values[i * (size + 1)] = 1;
  return { rows: size, columns: size, values };
}

export function transposed({ rows, columns, values }: Matrix): Matrix {
  const result = new Float64Array(values.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j]!;
  return { rows: columns, columns: rows, values: result };
}

/** `a b`. Each element is one sum in the order of the inner index. */
export function product(a: Matrix, b: Matrix): Matrix {
  ensure(
    a.columns === b.rows,
    'shape-mismatch',
    () => `a product of ${formatShape([a.rows, a.columns])} and ${formatShape([b.rows, b.columns])} does not exist`,
  );
  const { rows, columns: inner } = a;
  const { columns } = b;
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const out = values.subarray(i * columns, (i + 1) * columns);
    for (let k = 0; k < inner; k++) addScaled(out, a.values[i * inner + k]!, row(b, k));
  }
  return { rows, columns, values };
}

export function row({ columns, values }: Matrix, index: number): Float64Array {
  return values.subarray(index * columns, (index + 1) * columns);
}

export function requireSquare(a: Matrix, what: string): void {
  ensure(
    a.rows === a.columns,
    'shape-mismatch',
    () => `${what} takes a square matrix, not ${formatShape([a.rows, a.columns])}`,
  );
}

/** `y += factor * x` over the first `count` values (all of `y` by default). */
export function addScaled(y: Float64Array, factor: number, x: Float64Array, count = y.length): void {
  if (factor === 0) return;
  for (let i = 0; i < count; i++) y[i]! += factor * x[i]!;
}

/** Four sums side by side: quicker than one, and the order is fixed. */
export function dot(x: Float64Array, y: Float64Array, count = x.length): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const whole = count & ~3;
  for (let i = 0; i < whole; i += 4) {
    s0 += x[i]! * y[i]!;
    s1 += x[i + 1]! * y[i + 1]!;
    s2 += x[i + 2]! * y[i + 2]!;
    s3 += x[i + 3]! * y[i + 3]!;
  }
  for (let i = whole; i < count; i++) s0 += x[i]! * y[i]!;
  return s0 + s1 + (s2 + s3);
}

/** Turns rows `a` and `b`: `a' = c a + s b`, `b' = c b - s a`. */
export function rotate(a: Float64Array, b: Float64Array, c: number, s: number): void {
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    a[i] = c * x + s * y;
    b[i] = c * y - s * x;
  }
}
