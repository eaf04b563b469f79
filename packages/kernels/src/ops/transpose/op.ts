import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';
import { contiguousStrides, loopScalars, mergeExtents } from '../strides.ts';

/**
 * y, contiguous in the loop's order, (+)= x at its strides: the op and (with the inverse permutation) its gradient. Without
 * accumulate bit-exact. Loop operand: x. A matrix transpose is extents [columns, rows], strides [1, columns].
 */
export const transposeKernels: readonly KernelSignature[] = [
  { name: 'transpose.forward', reads: ['x'], writes: ['y'], scalars: ['accumulate', '...loop(x)'] },
];

/** Reorders the axes: axis i of the result is axis permutation[i] of x. Absent: the last two change places. */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  ensureFloats('transpose', { x });
  const backend = backendOf('transpose', x);
  const rank = x.shape.length;
  const order = permutation ?? lastTwoSwapped(x.shape);
  ensure(
    order.length === rank && new Set(order).size === rank && order.every((axis) => axis >= 0 && axis < rank),
    'invalid-argument',
    () => `transpose: ${formatShape(order)} is not a permutation of ${rank} axes`,
  );
  const shape = order.map((axis) => x.shape[axis]!);
  const y = Tensor.empty(backend, shape);
  backend.encode('transpose.forward', [x.buffer, y.buffer], [0, ...permutedLoop(x.shape, order)]);
  if (needsGradient(x)) {
    recordGradient(y, [x], [], (dy, sink) => {
      const dx = sink.into(x);
      const inverse = order.map((_, axis) => order.indexOf(axis));
      const scalars = [dx.accumulate, ...permutedLoop(shape, inverse)];
      backend.encode('transpose.forward', [dy.buffer, dx.buffer], scalars);
    });
  }
  return y;
}

function permutedLoop(shape: readonly number[], order: readonly number[]): number[] {
  const strides = contiguousStrides(shape);
  const extents = order.map((axis) => shape[axis]!);
  return loopScalars(mergeExtents(extents, [order.map((axis) => strides[axis]!)]));
}

function lastTwoSwapped(shape: readonly number[]): number[] {
  const rank = shape.length;
  ensure(rank >= 2, 'shape-mismatch', () => `transpose: x has at least two dimensions, found ${formatShape(shape)}`);
  const order = [...shape.keys()];
  order[rank - 1] = rank - 2;
  order[rank - 2] = rank - 1;
  return order;
}
