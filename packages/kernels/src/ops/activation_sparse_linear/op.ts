import { ensure, formatShape } from '../../errors.ts';
import { needsGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, bufferOrNone, ensureFloats, ensureShape, rowsOf } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x [rows, in]; columns [in, out], the transposed weight, so that what belongs to one element of x lies together; bias [out]; y [rows, out]:
 *
 *     y[r, o] = sum over i with |x[r, i]| > threshold of x[r, i] columns[i, o] + bias[o]
 *
 * in the order of i. What belongs to a small x is not read. A NaN counts as large.
 */
export const activationSparseLinearKernels: readonly KernelSignature[] = [
  {
    name: 'activation_sparse_linear.forward',
    reads: ['x', 'columns', 'bias?'],
    writes: ['y'],
    scalars: ['rows', 'in', 'out', 'threshold'],
  },
];

/**
 * y = x Wᵀ + b that leaves out the elements of x of at most `threshold` in magnitude (0: the zeros that relu made). `columns` is W
 * transposed, [in, out]. For decoding: no gradient flows.
 */
export function activationSparseLinear(x: Tensor, columns: Tensor, threshold = 0, bias?: Tensor): Tensor {
  ensureFloats('activationSparseLinear', { x, columns, bias });
  const backend = backendOf('activationSparseLinear', x, columns, bias);
  const { rows, width } = rowsOf('activationSparseLinear', x);
  const out = columns.shape[1] ?? 0;
  ensure(
    columns.shape.length === 2 && columns.shape[0] === width,
    'shape-mismatch',
    () => `activationSparseLinear: columns are [${width}, out], found ${formatShape(columns.shape)}`,
  );
  ensureShape('activationSparseLinear', 'bias', bias, [out]);
  ensure(
    threshold >= 0,
    'invalid-argument',
    () => `activationSparseLinear: threshold is not negative, found ${threshold}`,
  );
  ensure(
    !needsGradient(x, columns, bias),
    'invalid-argument',
    () => 'activationSparseLinear: no gradient flows: train with linear on the masked x',
  );
  const y = Tensor.empty(backend, x.shape.with(-1, out));
  backend.encode(
    'activation_sparse_linear.forward',
    [x.buffer, columns.buffer, bufferOrNone(bias), y.buffer],
    [rows, width, out, threshold],
  );
  return y;
}
