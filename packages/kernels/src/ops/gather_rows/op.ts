import { ensure } from '../../errors.ts';
import type { Tensor } from '../../tensor.ts';
import { pickRows } from '../embedding/op.ts';
import { ensureDtype, ensureFloats, splitAt } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/** Runs on `embedding.forward` and `embedding.backward`. */
export const gatherRowsKernels: readonly KernelSignature[] = [];

/** y[i] = x[rows[i]] along the first axis: x [n, ...], rows i32 [m] gives [m, ...]. Repeated rows add up in the gradient. */
export function gatherRows(x: Tensor, rows: Tensor): Tensor {
  ensureFloats('gatherRows', { x });
  ensureDtype('gatherRows', 'rows', rows, 'i32');
  ensure(x.shape.length >= 1, 'shape-mismatch', () => 'gatherRows: x needs at least one dimension, found []');
  const { length, inner } = splitAt(x.shape, 0);
  return pickRows('gatherRows', rows, x, length, inner, x.shape.slice(1), -1);
}
