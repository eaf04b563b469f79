import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
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
  /** Axes to sum over, negative ones counted from the end. Absent: all. */
  readonly axes?: readonly number[];
  /** Summed axes stay with extent 1. */
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
  const rank = x.shape.length;
  const summed = new Set(options.axes?.map((axis) => resolveAxis(op, axis, rank)) ?? x.shape.keys());
  const kept = x.shape.map((extent, axis) => (summed.has(axis) ? 1 : extent));
  const shape = options.keepDims === true ? kept : x.shape.filter((_, axis) => !summed.has(axis));
  const y = Tensor.empty(backend, shape);
  const factor = factorOf(y.size === 0 ? 0 : x.size / y.size);
  const full = broadcastStrides(x.shape, x.shape);
  const reduced = broadcastStrides(kept, x.shape);
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
