import { ensure } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats, resolveAxis, splitAt } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x [outer, xLength, inner], y [outer, length, inner]. Without accumulate bit-exact.
 *
 *     forward    y[o, l, i]           (+)= x[o, start + l, i]
 *     backward   dx[o, start + l, i]  (+)= dy[o, l, i]        accumulate 0 writes 0 everywhere else, 1 leaves the rest
 */
export const sliceKernels: readonly KernelSignature[] = [
  {
    name: 'slice.forward',
    reads: ['x'],
    writes: ['y'],
    scalars: ['outer', 'inner', 'xLength', 'start', 'length', 'accumulate'],
  },
  {
    name: 'slice.backward',
    reads: ['dy'],
    writes: ['dx'],
    scalars: ['outer', 'inner', 'xLength', 'start', 'length', 'accumulate'],
  },
];

/** `length` entries from `start` along an axis. */
export function slice(x: Tensor, axis: number, start: number, length: number): Tensor {
  ensureFloats('slice', { x });
  const backend = backendOf('slice', x);
  const at = resolveAxis('slice', axis, x.shape.length);
  const { outer, length: xLength, inner } = splitAt(x.shape, at);
  ensure(
    Number.isInteger(start) && Number.isInteger(length) && start >= 0 && length >= 0 && start + length <= xLength,
    'invalid-argument',
    () => `slice: ${length} entries from ${start} do not lie in the ${xLength} of axis ${at}`,
  );
  const y = Tensor.empty(backend, x.shape.with(at, length));
  const scalars = [outer, inner, xLength, start, length];
  backend.encode('slice.forward', [x.buffer, y.buffer], [...scalars, 0]);
  if (needsGradient(x)) {
    recordGradient(y, [x], [], (dy, sink) => {
      const dx = sink.into(x);
      backend.encode('slice.backward', [dy.buffer, dx.buffer], [...scalars, dx.accumulate]);
    });
  }
  return y;
}
