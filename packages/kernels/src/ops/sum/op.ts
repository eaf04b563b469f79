import { needsGradient, recordGradient } from '../../recording.ts';
import { sizeOfShape, Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats, resolveAxis } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';
import { broadcastStrides, loopScalars, mergeExtents } from '../strides.ts';

/**
 * y (+)= factor * sum of x over the extents where y has stride 0. A stride 0 of x repeats it, so the same kernel spreads a gradient
 * back (y full, x repeated), takes means (factor 1/n) and sums the gradients of broadcast operands. A sum of
 * nothing is 0. Loop operands: x, y. Extents are merged, so the usual loops are:
 *
 *     whole tensor      extents [n],              x [1],        y [0]
 *     last dimension    extents [rows, width],    x [width, 1], y [1, 0]
 *     first dimension   extents [rows, width],    x [width, 1], y [0, 1]
 *     spread back       the same with x and y exchanged
 */
export const sumKernels: readonly KernelSignature[] = [
  { name: 'sum.forward', reads: ['x'], writes: ['y'], scalars: ['accumulate', 'factor', '...loop(x, y)'] },
];

export interface ReductionOptions {
  /** Axes to reduce over, negative ones counted from the end. Absent: all. */
  readonly axes?: readonly number[];
  /** Reduced axes stay with extent 1. */
  readonly keepDims?: boolean;
}

/** Sum over some axes, or over all (shape []). */
export function sum(x: Tensor, options: ReductionOptions = {}): Tensor {
  return scaledSum('sum', x, options, () => 1);
}

/** `factor` times the sum; the factor may depend on how many elements are summed into one. */
export function scaledSum(
  op: string,
  x: Tensor,
  options: ReductionOptions,
  factorOf: (count: number) => number,
): Tensor {
  ensureFloats(op, { x });
  const backend = backendOf(op, x);
  const { shape, count, full, reduced } = reductionOf(op, x, options);
  const y = Tensor.empty(backend, shape);
  const factor = factorOf(count);
  backend.encode(
    'sum.forward',
    [x.buffer, y.buffer],
    [0, factor, ...loopScalars(mergeExtents(x.shape, [full, reduced]))],
  );
  if (needsGradient(x)) {
    recordGradient(y, [x], [], (dy, sink) => {
      const dx = sink.into(x);
      const loop = mergeExtents(x.shape, [reduced, full]);
      backend.encode('sum.forward', [dy.buffer, dx.buffer], [dx.accumulate, factor, ...loopScalars(loop)]);
    });
  }
  return y;
}

/** The shape of a reduction's result, how many elements become one (0 where there is none), and strides over x's extents: x's and the result's. */
export function reductionOf(
  op: string,
  x: Tensor,
  options: ReductionOptions,
): { shape: readonly number[]; count: number; full: readonly number[]; reduced: readonly number[] } {
  const rank = x.shape.length;
  const reducedAxes = new Set(options.axes?.map((axis) => resolveAxis(op, axis, rank)) ?? x.shape.keys());
  const kept = x.shape.map((extent, axis) => (reducedAxes.has(axis) ? 1 : extent));
  const shape = options.keepDims === true ? kept : x.shape.filter((_, axis) => !reducedAxes.has(axis));
  const size = sizeOfShape(shape);
  return {
    shape,
    count: size === 0 ? 0 : x.size / size,
    full: broadcastStrides(x.shape, x.shape),
    reduced: broadcastStrides(kept, x.shape),
  };
}
