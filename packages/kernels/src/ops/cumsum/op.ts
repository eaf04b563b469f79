import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats, resolveAxis, splitAt } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x, y [outer, width, inner], along width:
 *
 *     y[o, w, i] (+)= sum of x[o, v, i] over v <= w, or over v >= w where `backwards`
 *
 * The gradient is the same kernel in the other direction.
 */
export const cumsumKernels: readonly KernelSignature[] = [
  {
    name: 'cumsum.forward',
    reads: ['x'],
    writes: ['y'],
    scalars: ['outer', 'width', 'inner', 'backwards', 'accumulate'],
  },
];

/** Sums of all elements up to each along an axis. */
export function cumsum(x: Tensor, axis = -1): Tensor {
  ensureFloats('cumsum', { x });
  const backend = backendOf('cumsum', x);
  const { outer, length, inner } = splitAt(x.shape, resolveAxis('cumsum', axis, x.shape.length));
  const y = Tensor.empty(backend, x.shape);
  backend.encode('cumsum.forward', [x.buffer, y.buffer], [outer, length, inner, 0, 0]);
  if (needsGradient(x)) {
    recordGradient(y, [x], [], (dy, sink) => {
      const dx = sink.into(x);
      backend.encode('cumsum.forward', [dy.buffer, dx.buffer], [outer, length, inner, 1, dx.accumulate]);
    });
  }
  return y;
}
