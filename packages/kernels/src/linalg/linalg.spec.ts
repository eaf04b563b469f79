import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelError } from '../errors.ts';
import { RandomStream } from '../random/random.ts';
import {
  cholesky,
  eigh,
  hadamardTransform,
  identity,
  inversePositiveDefinite,
  type Matrix,
  matrix,
  product,
  qr,
  solveTriangular,
  svd,
  transposed,
} from './index.ts';

/** Standard normal values, the same for the same seed. */
function normal(rows: number, columns: number, seed = 1): Matrix {
  const stream = new RandomStream(seed, 9);
  return matrix(
    rows,
    columns,
    Float64Array.from({ length: rows * columns }, () => stream.nextNormal()),
  );
}

function largest({ values }: Matrix): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** Largest difference, in units of the rounding error that n operations on such values may leave. */
function roundings(actual: Matrix, expected: Matrix): number {
  expect([actual.rows, actual.columns]).toEqual([expected.rows, expected.columns]);
  const difference = actual.values.reduce((most, v, i) => Math.max(most, Math.abs(v - expected.values[i]!)), 0);
  return difference / (Number.EPSILON * Math.max(largest(expected), 1) * Math.max(expected.rows, expected.columns, 1));
}

function scaledColumns(a: Matrix, factors: Float64Array): Matrix {
  return { ...a, values: a.values.map((value, i) => value * factors[i % a.columns]!) };
}

/** [1/(i + j + 1)]: positive definite, and as badly conditioned as float64 can hold at size 12. */
function hilbert(n: number): Matrix {
  return matrix(
    n,
    n,
    Array.from({ length: n * n }, (_, k) => 1 / (Math.floor(k / n) + (k % n) + 1)),
  );
}

describe('Cholesky', () => {
  it('gives the binomials of a Pascal matrix, exactly', () => {
    const binomial = (n: number, k: number): number => (k === 0 ? 1 : (binomial(n, k - 1) * (n - k + 1)) / k);
    const n = 12;
    const pascal = matrix(
      n,
      n,
      Array.from({ length: n * n }, (_, k) => binomial(Math.floor(k / n) + (k % n), k % n)),
    );
    const lower = cholesky(pascal);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) expect(lower.values[i * n + j]).toBe(j > i ? 0 : binomial(i, j));
    }
  });

  it('inverts: A⁻¹ A is the identity, and symmetric to the bit', () => {
    const x = normal(80, 60);
    const a = product(transposed(x), x);
    const inverse = inversePositiveDefinite(a);
    expect(roundings(product(inverse, a), identity(60))).toBeLessThan(100);
    expect(transposed(inverse)).toEqual(inverse);
  });

  it.each(['lower', 'upper'] as const)('solves with the %s triangle and its transpose', (part) => {
    const x = normal(40, 30);
    const lower = cholesky(product(transposed(x), x));
    const triangle = part === 'lower' ? lower : transposed(lower);
    const b = normal(30, 5, 2);
    expect(roundings(product(triangle, solveTriangular(triangle, b, { part })), b)).toBeLessThan(50);
    const turned = solveTriangular(triangle, b, { part, transpose: true });
    expect(roundings(product(transposed(triangle), turned), b)).toBeLessThan(50);
  });

  it('names the pivot of a matrix that is not positive definite', () => {
    const a = matrix(3, 3, [4, 0, 0, 0, 1, 2, 0, 2, 4]);
    expect(() => cholesky(a)).toThrow(
      expect.objectContaining({ code: 'not-positive-definite', message: expect.stringContaining('pivot 2 of 3 is 0') }),
    );
  });
});

describe('eigh', () => {
  it('knows the eigenvalues of the second difference, 2 - 2 cos(k pi / (n + 1))', () => {
    const n = 97;
    const a = matrix(
      n,
      n,
      Array.from({ length: n * n }, (_, k) => [2, -1][Math.abs(Math.floor(k / n) - (k % n))] ?? 0),
    );
    const { values } = eigh(a);
    for (const [k, value] of values.entries()) {
      expect(value).toBeCloseTo(2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)), 13);
    }
  });

  it('reads the lower triangle only', () => {
    const a = matrix(2, 2, [2, 777, 1, 2]);
    expect([...eigh(a).values]).toEqual([expect.closeTo(1, 14), expect.closeTo(3, 14)]);
  });

  it('takes A apart into orthonormal vectors and ascending values, equal values too', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 24 }), fc.integer(), fc.integer({ min: 0, max: 24 }), (n, seed, rank) => {
        const x = normal(n, Math.min(n, rank), seed >>> 0);
        const a = product(x, transposed(x));
        const { values, vectors } = eigh(a);
        expect([...values]).toEqual([...values].sort((p, q) => p - q));
        expect(roundings(product(transposed(vectors), vectors), identity(n))).toBeLessThan(20);
        expect(roundings(product(scaledColumns(vectors, values), transposed(vectors)), a)).toBeLessThan(20);
      }),
    );
  });

  it('is as accurate at 300 x 300', () => {
    const x = normal(300, 300);
    const a = product(x, transposed(x));
    const { values, vectors } = eigh(a);
    expect(roundings(product(scaledColumns(vectors, values), transposed(vectors)), a)).toBeLessThan(5);
    expect(roundings(product(transposed(vectors), vectors), identity(300))).toBeLessThan(5);
  });
});

describe('svd', () => {
  it('takes any matrix apart: tall, wide, of lower rank, empty', () => {
    const size = fc.integer({ min: 0, max: 20 });
    fc.assert(
      fc.property(size, size, size, fc.integer(), (m, n, rank, seed) => {
        const inner = Math.min(m, n, rank);
        const a = product(normal(m, inner, seed >>> 0), normal(inner, n, (seed >>> 0) + 1));
        const { u, s, v } = svd(a);
        const k = Math.min(m, n);
        expect([...s]).toEqual([...s].sort((p, q) => q - p));
        expect(Math.min(0, ...s)).toBe(0);
        expect(roundings(product(transposed(u), u), identity(k))).toBeLessThan(30);
        expect(roundings(product(transposed(v), v), identity(k))).toBeLessThan(30);
        expect(roundings(product(scaledColumns(u, s), transposed(v)), a)).toBeLessThan(30);
        for (const value of s.slice(inner)) expect(value).toBeLessThan(1e-12);
      }),
    );
  });

  it('agrees with eigh on a Hilbert matrix, whose values span sixteen orders', () => {
    const a = hilbert(10);
    const { s } = svd(a);
    const { values } = eigh(a);
    for (const [k, value] of s.entries()) expect(Math.abs(value - values[9 - k]!)).toBeLessThan(1e-15);
  });

  it('takes matrices apart that hold zeros where others hold numbers', () => {
    for (const values of [
      [0, 1, 0, 0, 0, 1, 0, 0, 0],
      [1, 1, 0, 0, 0, 1, 0, 0, 1],
      Array(9).fill(0),
      [0, 0, 0, 0, 5, 0, 0, 0, 0],
    ]) {
      const a = matrix(3, 3, values);
      const { u, s, v } = svd(a);
      expect(roundings(product(scaledColumns(u, s), transposed(v)), a)).toBeLessThan(10);
      expect(roundings(product(transposed(u), u), identity(3))).toBeLessThan(10);
    }
  });

  it('the best approximation of rank r misses by the values left out', () => {
    const a = normal(30, 20);
    const { u, s, v } = svd(a);
    const kept = s.map((value, k) => (k < 7 ? value : 0));
    const rest = product(scaledColumns(u, kept), transposed(v)).values.map((value, i) => a.values[i]! - value);
    const missed = Math.sqrt(rest.reduce((sum, value) => sum + value * value, 0));
    expect(missed).toBeCloseTo(Math.sqrt(s.slice(7).reduce((sum, value) => sum + value * value, 0)), 11);
  });
});

describe('QR', () => {
  it('gives orthonormal columns and a triangle whose diagonal is not negative', () => {
    const size = fc.integer({ min: 0, max: 20 });
    fc.assert(
      fc.property(size, size, fc.integer(), (a, b, seed) => {
        const [n, m] = [Math.min(a, b), Math.max(a, b)];
        const x = normal(m, n, seed >>> 0);
        const { q, r } = qr(x);
        expect(roundings(product(q, r), x)).toBeLessThan(20);
        expect(roundings(product(transposed(q), q), identity(n))).toBeLessThan(20);
        for (let i = 0; i < n; i++) {
          expect(r.values[i * (n + 1)]).toBeGreaterThanOrEqual(0);
          for (let j = 0; j < i; j++) expect(r.values[i * n + j]).toBe(0);
        }
      }),
    );
  });

  it('R is the Cholesky factor of AᵀA', () => {
    const x = normal(50, 20);
    expect(roundings(qr(x).r, transposed(cholesky(product(transposed(x), x))))).toBeLessThan(100);
  });
});

describe('Hadamard transform', () => {
  it('is the product with the matrix, and its own inverse', () => {
    const n = 32;
    const bits = (x: number): number => (x === 0 ? 0 : (x & 1) + bits(x >> 1));
    const h = matrix(
      n,
      n,
      Array.from({ length: n * n }, (_, k) => (-1) ** bits(Math.floor(k / n) & (k % n)) / Math.sqrt(n)),
    );
    const x = normal(3, n);
    const values = Float64Array.from(x.values);
    hadamardTransform(values, n);
    expect(roundings({ ...x, values }, product(x, h))).toBeLessThan(5);
    hadamardTransform(values, n);
    expect(roundings({ ...x, values }, x)).toBeLessThan(5);
  });

  it('refuses a size that is no power of two, or that does not divide the length', () => {
    expect(() => hadamardTransform(new Float64Array(12), 12)).toThrow(/power of two as its size, not 12/);
    expect(() => hadamardTransform(new Float64Array(12), 8)).toThrow(/12 values are not divided into groups of 8/);
  });
});

describe('shapes and values that do not fit', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['values', () => matrix(2, 2, [1, 2, 3]), /has 4 values, not 3/],
    ['NaN', () => matrix(2, 2, [1, 2, Number.NaN, 4]), /at \[1, 0\] is NaN/],
    ['eigh', () => eigh(normal(2, 3)), /square matrix, not \[2, 3\]/],
    ['QR', () => qr(normal(2, 3)), /at least as many rows as columns, not \[2, 3\]/],
    ['product', () => product(normal(2, 3), normal(2, 3)), /\[2, 3\] and \[2, 3\]/],
    [
      'solve',
      () => solveTriangular(identity(3), normal(2, 1), { part: 'lower' }),
      /3 equations needs right sides of 3 rows/,
    ],
    [
      'zero pivot',
      () => solveTriangular(matrix(1, 1, [0]), normal(1, 1), { part: 'lower' }),
      /zero on the diagonal, at 0/,
    ],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(KernelError);
    expect(act).toThrow(message);
  });
});
