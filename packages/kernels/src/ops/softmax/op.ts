import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats, resolveAxis, splitAt } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x, y [outer, width, inner], along width (inner is 1 for the last axis):
 *
 *     forward    y = exp(x - max x) / sum exp(x - max x)
 *     backward   dx (+)= y (dy - sum dy y)
 *
 * Minus infinity gives exactly 0. A line that is all minus infinity gives NaN, as 0/0 should.
 */
export const softmaxKernels: readonly KernelSignature[] = [
  { name: 'softmax.forward', reads: ['x'], writes: ['y'], scalars: ['outer', 'width', 'inner'] },
  { name: 'softmax.backward', reads: ['dy', 'y'], writes: ['dx'], scalars: ['outer', 'width', 'inner', 'accumulate'] },
];

/** Softmax along an axis. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return alongAxis('softmax', x, axis);
}

/** softmax and log_softmax: one form, gradient from y. */
export function alongAxis(op: 'softmax' | 'log_softmax', x: Tensor, axis: number): Tensor {
  ensureFloats(op, { x });
  const backend = backendOf(op, x);
  const { outer, length, inner } = splitAt(x.shape, resolveAxis(op, axis, x.shape.length));
  const y = Tensor.empty(backend, x.shape);
  backend.encode(`${op}.forward`, [x.buffer, y.buffer], [outer, length, inner]);
  if (needsGradient(x)) {
    recordGradient(y, [x], [y], (dy, sink) => {
      const dx = sink.into(x);
      backend.encode(`${op}.backward`, [dy.buffer, y.storage.id, dx.buffer], [outer, length, inner, dx.accumulate]);
    });
  }
  return y;
}
