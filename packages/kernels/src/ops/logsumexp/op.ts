import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { largestOf } from '../max/op.ts';
import { backendOf } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';
import { loopScalars, mergeExtents } from '../strides.ts';
import type { ReductionOptions } from '../sum/op.ts';

/**
 * With `top` the largest x of each sum (`max.forward`), over the extents where sum has stride 0:
 *
 *     sum        sum = sum of exp(x - top)
 *     forward    y = top + log sum, or top where that is infinite or NaN            `count` elements
 *     backward   dx (+)= dy exp(x - top) / sum
 *
 * The gradient comes from top and sum, not from y, whose rounding exp would magnify where y is large.
 */
export const logsumexpKernels: readonly KernelSignature[] = [
  { name: 'logsumexp.sum', reads: ['x', 'top'], writes: ['sum'], scalars: ['...loop(x, top, sum)'] },
  { name: 'logsumexp.forward', reads: ['top', 'sum'], writes: ['y'], scalars: ['count'] },
  {
    name: 'logsumexp.backward',
    reads: ['dy', 'x', 'top', 'sum'],
    writes: ['dx'],
    scalars: ['accumulate', '...loop(dy, x, top, sum, dx)'],
  },
];

/**
 * log of the sum of exponentials over some axes, or over all (shape []), without overflow. Minus infinity where all elements are; the gradient
 * of that, as of infinity, is NaN.
 */
export function logSumExp(x: Tensor, options: ReductionOptions = {}): Tensor {
  const { y: top, full, reduced } = largestOf('logSumExp', 'max', x, options);
  const backend = backendOf('logSumExp', x);
  const sum = Tensor.empty(backend, top.shape);
  const y = Tensor.empty(backend, top.shape);
  const over = mergeExtents(x.shape, [full, reduced, reduced]);
  backend.encode('logsumexp.sum', [x.buffer, top.buffer, sum.buffer], loopScalars(over));
  backend.encode('logsumexp.forward', [top.buffer, sum.buffer, y.buffer], [y.size]);
  if (needsGradient(x)) {
    recordGradient(y, [x], [x, top, sum], (dy, sink) => {
      const dx = sink.into(x);
      const back = mergeExtents(x.shape, [reduced, full, reduced, reduced, full]);
      backend.encode(
        'logsumexp.backward',
        [dy.buffer, x.storage.id, top.storage.id, sum.storage.id, dx.buffer],
        [dx.accumulate, ...loopScalars(back)],
      );
    });
  }
  top.dispose();
  sum.dispose();
  return y;
}
