import { ensure } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';
import { loopScalars, mergeExtents } from '../strides.ts';
import { type ReductionOptions, reductionOf } from '../sum/op.ts';

/**
 * Two passes over d = x - first, where `first` is x's own buffer and stands still over the reduced extents: the first element of each sum. So
 * a mean that is far larger than the deviations takes no digits from them. With n elements to a sum:
 *
 *     mean       mean = factor sum d                          factor 1 / n
 *     forward    y = factor sum (d - mean)²                   factor 1 / (n - correction)
 *     backward   dx (+)= factor dy (d - mean)                 factor 2 / (n - correction)
 *
 * Sums are over the extents where mean (y, for the second kernel) has stride 0.
 */
export const varKernels: readonly KernelSignature[] = [
  { name: 'var.mean', reads: ['x', 'first'], writes: ['mean'], scalars: ['factor', '...loop(x, first, mean)'] },
  {
    name: 'var.forward',
    reads: ['x', 'first', 'mean'],
    writes: ['y'],
    scalars: ['factor', '...loop(x, first, mean, y)'],
  },
  {
    name: 'var.backward',
    reads: ['dy', 'x', 'first', 'mean'],
    writes: ['dx'],
    scalars: ['accumulate', 'factor', '...loop(dy, x, first, mean, dx)'],
  },
];

export interface VarianceOptions extends ReductionOptions {
  /** The sum of squares is divided by the number of elements less this: 0 (default) for all there is, 1 for a sample. */
  readonly correction?: number;
}

/**
 * Variance over some axes, or over all (shape []). NaN where there are no more elements than `correction`, and where the distance of two elements
 * lies beyond float32.
 */
export function variance(x: Tensor, options: VarianceOptions = {}): Tensor {
  const { correction = 0 } = options;
  ensure(
    Number.isFinite(correction) && correction >= 0,
    'invalid-argument',
    () => `variance: the correction is a number from 0, found ${correction}`,
  );
  ensureFloats('variance', { x });
  const backend = backendOf('variance', x);
  const { shape, count, full, reduced } = reductionOf('variance', x, options);
  const freedom = count > correction ? count - correction : Number.NaN;
  const mean = Tensor.empty(backend, shape);
  const y = Tensor.empty(backend, shape);
  // the first element of each sum: as the result is walked, in steps of x
  const first = full.map((stride, axis) => (reduced[axis] === 0 ? 0 : stride));
  const overMean = mergeExtents(x.shape, [full, first, reduced]);
  backend.encode('var.mean', [x.buffer, x.buffer, mean.buffer], [1 / count, ...loopScalars(overMean)]);
  const over = mergeExtents(x.shape, [full, first, reduced, reduced]);
  backend.encode('var.forward', [x.buffer, x.buffer, mean.buffer, y.buffer], [1 / freedom, ...loopScalars(over)]);
  if (needsGradient(x)) {
    recordGradient(y, [x], [x, mean], (dy, sink) => {
      const dx = sink.into(x);
      const back = mergeExtents(x.shape, [reduced, full, first, reduced, full]);
      backend.encode(
        'var.backward',
        [dy.buffer, x.storage.id, x.storage.id, mean.storage.id, dx.buffer],
        [dx.accumulate, 2 / freedom, ...loopScalars(back)],
      );
    });
  }
  mean.dispose();
  return y;
}
