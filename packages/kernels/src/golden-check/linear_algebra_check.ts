import { KernelError } from '../errors.ts';
import {
  cholesky,
  eigh,
  inversePositiveDefinite,
  type Matrix,
  matrix,
  product,
  qr,
  solveTriangular,
  svd,
  transposed,
} from '../linalg/index.ts';
import type { GoldenCase, Params } from './manifest.ts';
import { valuesOf } from './safetensors.ts';
import { type CaseCheck, type Comparison, largestError } from './subject.ts';

type Computation = (input: (role: string) => Matrix, params: Params) => Readonly<Record<string, Float64Array>>;

/** Outputs by role; only what is unique is compared: no eigenvector has a sign. */
const computations: Readonly<Record<string, Computation>> = {
  cholesky: (input) => ({
    l: cholesky(input('a')).values,
    inverse: inversePositiveDefinite(input('a')).values,
  }),
  eigh: (input) => {
    const { values, vectors } = eigh(input('a'));
    const last = columnsOf(vectors, values.length - 1, values.length);
    return { values, projector: product(last, transposed(last)).values };
  },
  svd: (input) => {
    const { u, s, v } = svd(input('a'));
    const kept = columnsOf(u, 0, Math.min(3, s.length));
    for (let at = 0; at < kept.values.length; at++) kept.values[at]! *= s[at % kept.columns]!;
    return { values: s, truncated: product(kept, transposed(columnsOf(v, 0, kept.columns))).values };
  },
  qr: (input) => {
    const { q, r } = qr(input('a'));
    return { q: q.values, r: r.values };
  },
  solve_triangular: (input, params) => {
    const part = params.text('part') === 'lower' ? 'lower' : 'upper';
    return {
      x: solveTriangular(input('t'), input('b'), { part }).values,
      transposed: solveTriangular(input('t'), input('b'), { part, transpose: true }).values,
    };
  },
};

/** Host algorithms in float64: the same on every backend, within 1e-10 of the largest value. */
export const checkLinearAlgebra: CaseCheck = async (_, golden) => {
  const compute = computations[golden.op];
  if (compute === undefined) return undefined;
  const found = compute((role) => inputOf(golden, role), golden.params);
  return [...golden.outputs].map(([role, stored]): Comparison => {
    const values = found[role];
    if (values === undefined) throw new KernelError('invalid-argument', `${golden.op} has no output ${role}`);
    const expected = valuesOf(stored);
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    return { error: largestError(values, expected), bound: 1e-10 * largest };
  });
};

function inputOf(golden: GoldenCase, role: string): Matrix {
  const stored = golden.inputs.get(role);
  if (stored?.shape.length !== 2) throw new KernelError('invalid-argument', `${golden.id} has no matrix ${role}`);
  return matrix(stored.shape[0]!, stored.shape[1]!, valuesOf(stored));
}

function columnsOf({ rows, columns, values }: Matrix, from: number, to: number): Matrix {
  const kept = new Float64Array(rows * (to - from));
  for (let i = 0; i < rows; i++) {
    kept.set(values.subarray(i * columns + from, i * columns + to), i * (to - from));
  }
  return matrix(rows, to - from, kept);
}
