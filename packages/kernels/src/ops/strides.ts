import { formatShape, KernelError } from '../errors.ts';

/**
 * How kernels walk several tensors of different shapes together: `extents` of the loop, and for each operand one stride in elements
 * for each extent. A stride 0 repeats a read operand (broadcasting) and sums into a written one.
 */
export interface StridedLoop {
  readonly extents: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/** The shape of `a op b` by numpy's broadcasting. */
export function broadcastShapes(op: string, a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const inA = a[axis - rank + a.length] ?? 1;
    const inB = b[axis - rank + b.length] ?? 1;
    if (inA !== inB && inA !== 1 && inB !== 1) {
      throw new KernelError('shape-mismatch', `${op}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast`);
    }
    shape.push(inA === 1 ? inB : inA);
  }
  return shape;
}

export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Strides of an operand of `shape` inside a loop over `extents`: 0 where it is repeated. */
export function broadcastStrides(shape: readonly number[], extents: readonly number[]): number[] {
  const own = contiguousStrides(shape);
  const missing = extents.length - shape.length;
  return extents.map((extent, axis) => {
    const ownAxis = axis - missing;
    if (ownAxis < 0 || (shape[ownAxis] === 1 && extent !== 1)) return 0;
    return own[ownAxis]!;
  });
}

/**
 * The same walk with as few extents as possible: extents of 1 are dropped and neighbours that every operand walks in one run are
 * merged, so that same-shaped operands give one extent and a bias gives two. There is always at least one extent.
 */
export function mergeExtents(extents: readonly number[], strides: readonly (readonly number[])[]): StridedLoop {
  const merged: number[] = [];
  const mergedStrides: number[][] = strides.map(() => []);
  extents.forEach((extent, axis) => {
    if (extent === 1) return;
    const last = merged.length - 1;
    const joins =
      last >= 0 && strides.every((operand, index) => mergedStrides[index]![last] === operand[axis]! * extent);
    if (joins) {
      merged[last] = merged[last]! * extent;
      strides.forEach((operand, index) => {
        mergedStrides[index]![last] = operand[axis]!;
      });
    } else {
      merged.push(extent);
      strides.forEach((operand, index) => {
        mergedStrides[index]!.push(operand[axis]!);
      });
    }
  });
  if (merged.length === 0) return { extents: [1], strides: strides.map(() => [1]) };
  return { extents: merged, strides: mergedStrides };
}

/** `[rank, ...extents, ...strides of each operand]`: the end of a strided kernel's scalars. */
export function loopScalars(loop: StridedLoop): number[] {
  return [loop.extents.length, ...loop.extents, ...loop.strides.flat()];
}
