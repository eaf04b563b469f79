import type { Backend, BufferId } from '../../backend.ts';
import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';
import { broadcastShapes, broadcastStrides, loopScalars, mergeExtents } from '../strides.ts';

/**
 * One kernel for the op and both its gradients. For every index of the batch loop, with A, B, Y the matrices at the strides
 * (counted in matrices; each matrix is contiguous):
 *
 *     Y[m, n] (+)= sum_k op(A)[m, k] op(B)[k, n]
 *
 * op(A) is A stored [m, k], or stored [k, m] where transposeA is 1; op(B) is B stored [k, n], or stored [n, k] where transposeB is 1.
 * A batch stride 0 repeats A or B. A batch stride 0 of Y (extent > 1) sums over that extent: the matrices are added in index
 * order, as one longer k chain. `k` 0 gives zeros. After the fixed scalars comes the loop with three operands:
 * `[rank, ...extents, ...strides of A, ...strides of B, ...strides of Y]`.
 */
export const matmulKernels: readonly KernelSignature[] = [
  {
    name: 'matmul.forward',
    reads: ['a', 'b'],
    writes: ['y'],
    scalars: ['m', 'n', 'k', 'transposeA', 'transposeB', 'accumulate', '...loop(a, b, y)'],
  },
];

export interface MatmulOptions {
  /** a is stored [..., k, m]. */
  readonly transposeA?: boolean;
  /** b is stored [..., n, k]. */
  readonly transposeB?: boolean;
}

interface Operand {
  readonly buffer: BufferId;
  /** Leading dimensions. */
  readonly batch: readonly number[];
  readonly transpose: boolean;
}

/** Matrix product over the last two dimensions: a [..., m, k], b [..., k, n] gives [..., m, n]; leading dimensions broadcast. */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false } = options;
  ensureFloats('matmul', { a, b });
  const backend = backendOf('matmul', a, b);
  ensure(
    a.shape.length >= 2 && b.shape.length >= 2,
    'shape-mismatch',
    () => `matmul: operands have at least two dimensions, found ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
  );
  const [m, k] = matrixExtents(a, transposeA);
  const [kOfB, n] = matrixExtents(b, transposeB);
  ensure(
    k === kOfB,
    'shape-mismatch',
    () => `matmul: inner extents differ: ${k} of a ${formatShape(a.shape)}, ${kOfB} of b ${formatShape(b.shape)}`,
  );
  const batchA = a.shape.slice(0, -2);
  const batchB = b.shape.slice(0, -2);
  const batch = broadcastShapes('matmul', batchA, batchB);
  const y = Tensor.empty(backend, [...batch, m, n]);
  const product = (left: Operand, right: Operand, target: Operand, extents: readonly number[], accumulate: 0 | 1) =>
    encodeProduct(backend, batch, left, right, target, extents, accumulate);
  const whole = { batch, transpose: false };
  product(
    { buffer: a.buffer, batch: batchA, transpose: transposeA },
    { buffer: b.buffer, batch: batchB, transpose: transposeB },
    { ...whole, buffer: y.buffer },
    [m, n, k],
    0,
  );
  if (needsGradient(a, b)) {
    const savedA = needsGradient(b) ? a : undefined;
    const savedB = needsGradient(a) ? b : undefined;
    recordGradient(y, [a, b], [savedA, savedB], (dy, sink) => {
      const gradient = { ...whole, buffer: dy.buffer };
      if (savedB !== undefined) {
        const da = sink.into(a);
        const target = { buffer: da.buffer, batch: batchA, transpose: false };
        const right = { buffer: savedB.storage.id, batch: batchB };
        // dA = dY op(B)ᵀ; stored transposed it is op(B) dYᵀ
        if (transposeA) {
          const left = { ...right, transpose: transposeB };
          product(left, { ...gradient, transpose: true }, target, [k, m, n], da.accumulate);
        } else product(gradient, { ...right, transpose: !transposeB }, target, [m, k, n], da.accumulate);
      }
      if (savedA !== undefined) {
        const db = sink.into(b);
        const target = { buffer: db.buffer, batch: batchB, transpose: false };
        const left = { buffer: savedA.storage.id, batch: batchA };
        // dB = op(A)ᵀ dY; stored transposed it is dYᵀ op(A)
        if (transposeB) {
          const right = { ...left, transpose: transposeA };
          product({ ...gradient, transpose: true }, right, target, [n, k, m], db.accumulate);
        } else product({ ...left, transpose: !transposeA }, gradient, target, [k, n, m], db.accumulate);
      }
    });
  }
  return y;
}

function encodeProduct(
  backend: Backend,
  batch: readonly number[],
  left: Operand,
  right: Operand,
  target: Operand,
  [m, n, k]: readonly number[],
  accumulate: 0 | 1,
): void {
  const loop = mergeExtents(
    batch,
    [left, right, target].map((operand) => broadcastStrides(operand.batch, batch)),
  );
  backend.encode(
    'matmul.forward',
    [left.buffer, right.buffer, target.buffer],
    [m!, n!, k!, left.transpose ? 1 : 0, right.transpose ? 1 : 0, accumulate, ...loopScalars(loop)],
  );
}

/** Rows and columns of op(matrix). */
function matrixExtents(tensor: Tensor, transpose: boolean): [number, number] {
  const rows = tensor.shape.at(-2)!;
  const columns = tensor.shape.at(-1)!;
  return transpose ? [columns, rows] : [rows, columns];
}
