import { ensure, formatShape } from '../../errors.ts';
import { type GradientTarget, needsGradient, recordGradient } from '../../recording.ts';
import { sizeOfShape, Tensor } from '../../tensor.ts';
import { backendOf, ensureDtype, ensureFloats, resolveAxis } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';
import { contiguousStrides, loopScalars, mergeExtents } from '../strides.ts';

/**
 * Elements picked along one axis of x, which has `length` entries, `step` apart. index i32 and y are contiguous in the loop's order; x
 * stands still along the axis:
 *
 *     forward    y[i] (+)= x[at_x + index[i] step]                               without accumulate bit-exact
 *
 * The gradient adds up. Its loop is over lines: dy has `count` elements to a line, dyStep apart, and dx, of `size` elements, `length`, step apart:
 *
 *     backward   dx[at_dx + index[k] step] += dy[k], k = at_dy + j dyStep        j = 0 .. count - 1 in this order
 *
 * accumulate 0 fills dx with 0 first. An index outside 0..length-1 fails with index-out-of-range.
 */
export const gatherKernels: readonly KernelSignature[] = [
  {
    name: 'gather.forward',
    reads: ['x', 'index'],
    writes: ['y'],
    scalars: ['accumulate', 'length', 'step', '...loop(x)'],
  },
  {
    name: 'gather.backward',
    reads: ['dy', 'index'],
    writes: ['dx'],
    scalars: ['accumulate', 'size', 'length', 'step', 'count', 'dyStep', '...loop(dy, dx)'],
  },
];

/**
 * y[.., i, ..] = x[.., index[.., i, ..], ..] along an axis: index i32 has as many dimensions as x and, but for the axis, no larger extents; y
 * has the shape of index. An element that is picked more than once gets the sum of the gradients, in the order of the index.
 */
export function gather(x: Tensor, axis: number, index: Tensor): Tensor {
  ensureFloats('gather', { x });
  const at = pickedAxis('gather', 'x', x.shape, axis, index);
  const y = Tensor.empty(backendOf('gather', x, index), index.shape);
  pickAlong(x.buffer, x.shape, at, index.buffer, index.shape, y, 0);
  if (needsGradient(x)) {
    recordGradient(y, [x], [index], (dy, sink) => {
      addAlong(dy.buffer, index.storage.id, index.shape, at, x, sink.into(x));
    });
  }
  return y;
}

/** The axis, once it is seen that index fits. */
export function pickedAxis(op: string, name: string, shape: readonly number[], axis: number, index: Tensor): number {
  ensureDtype(op, 'index', index, 'i32');
  const at = resolveAxis(op, axis, shape.length);
  ensure(
    index.shape.length === shape.length && shape.every((extent, i) => i === at || index.shape[i]! <= extent),
    'shape-mismatch',
    () =>
      `${op} along axis ${at}: index has no larger extents than ${name} ${formatShape(shape)}, found ${formatShape(index.shape)}`,
  );
  return at;
}

/** Encodes `gather.forward`: from a buffer x of shape `shape` into y. */
export function pickAlong(
  x: number,
  shape: readonly number[],
  axis: number,
  index: number,
  indexShape: readonly number[],
  y: { readonly backend: Tensor['backend']; readonly buffer: number },
  accumulate: 0 | 1,
): void {
  const strides = contiguousStrides(shape);
  const loop = mergeExtents(indexShape, [strides.with(axis, 0), contiguousStrides(indexShape)]);
  const scalars = [accumulate, shape[axis]!, strides[axis]!];
  const walked = { extents: loop.extents, strides: [loop.strides[0]!] };
  y.backend.encode('gather.forward', [x, index, y.buffer], [...scalars, ...loopScalars(walked)]);
}

/** Encodes `gather.backward`: adds dy, of the index's shape, to the gradient of x. */
export function addAlong(
  dy: number,
  index: number,
  indexShape: readonly number[],
  axis: number,
  x: Pick<Tensor, 'backend' | 'shape'>,
  target: GradientTarget,
): void {
  const strides = contiguousStrides(x.shape);
  const indexStrides = contiguousStrides(indexShape);
  const lines = mergeExtents(indexShape.with(axis, 1), [indexStrides, strides]);
  x.backend.encode(
    'gather.backward',
    [dy, index, target.buffer],
    [
      target.accumulate,
      sizeOfShape(x.shape),
      x.shape[axis]!,
      strides[axis]!,
      indexShape[axis]!,
      indexStrides[axis]!,
      ...loopScalars(lines),
    ],
  );
}
