import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';
import { loopScalars, mergeExtents } from '../strides.ts';
import { type ReductionOptions, reductionOf } from '../sum/op.ts';

/**
 * Over the extents where y (ties, for the second kernel) has stride 0; dx has the strides of x:
 *
 *     forward    y = largest x                                        bit-exact; 0 counts as larger than -0
 *     ties       ties = number of x that equal y
 *     backward   dx (+)= dy / ties where x equals y, else 0           ties share the gradient
 *
 * A NaN among the elements is what they give, and all their gradients are NaN. `ties` and `backward` serve `min` too.
 */
export const maxKernels: readonly KernelSignature[] = [
  { name: 'max.forward', reads: ['x'], writes: ['y'], scalars: ['...loop(x, y)'] },
  { name: 'max.ties', reads: ['x', 'y'], writes: ['ties'], scalars: ['...loop(x, y, ties)'] },
  {
    name: 'max.backward',
    reads: ['dy', 'x', 'y', 'ties'],
    writes: ['dx'],
    scalars: ['accumulate', '...loop(dy, x, y, ties, dx)'],
  },
];

/** The largest element over some axes, or over all (shape []). Ties share the gradient evenly; NaN wins. There is none of nothing. */
export function max(x: Tensor, options: ReductionOptions = {}): Tensor {
  return extremum('max', x, options);
}

/** max and min: one gradient. */
export function extremum(op: 'max' | 'min', x: Tensor, options: ReductionOptions): Tensor {
  const { y, full, reduced } = largestOf(op, op, x, options);
  if (needsGradient(x)) {
    recordGradient(y, [x], [x, y], (dy, sink) => {
      const dx = sink.into(x);
      const { backend } = dy;
      const ties = Tensor.empty(backend, y.shape);
      const over = mergeExtents(x.shape, [full, reduced, reduced]);
      backend.encode('max.ties', [x.storage.id, y.storage.id, ties.buffer], loopScalars(over));
      const all = mergeExtents(x.shape, [reduced, full, reduced, reduced, full]);
      backend.encode(
        'max.backward',
        [dy.buffer, x.storage.id, y.storage.id, ties.buffer, dx.buffer],
        [dx.accumulate, ...loopScalars(all)],
      );
      ties.dispose();
    });
  }
  return y;
}

/** The largest or smallest element without a gradient, and the strides of x and of the result over x's extents. `op` names the caller. */
export function largestOf(op: string, kind: 'max' | 'min', x: Tensor, options: ReductionOptions) {
  ensureFloats(op, { x });
  const backend = backendOf(op, x);
  const { shape, count, full, reduced } = reductionOf(op, x, options);
  const y = Tensor.empty(backend, shape);
  ensure(
    count > 0 || y.size === 0,
    'shape-mismatch',
    () => `${op}: one element at least is needed along the reduced axes, found shape ${formatShape(x.shape)}`,
  );
  backend.encode(`${kind}.forward`, [x.buffer, y.buffer], loopScalars(mergeExtents(x.shape, [full, reduced])));
  return { y, full, reduced };
}
