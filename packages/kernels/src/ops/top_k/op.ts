import { ensure } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { addAlong } from '../gather/op.ts';
import { backendOf, ensureFloats, resolveAxis, splitAt } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x [outer, width, inner]; values and indices (i32) [outer, k, inner]: along width, the k largest (`largest` 1) or smallest (0) elements, the first
 * of them first. Exact. Of equal elements, among which 0 and -0 count, the one with the lowest index comes first, and NaN before all else in both
 * directions. The gradient of the values is that of `gather`.
 */
export const topKKernels: readonly KernelSignature[] = [
  {
    name: 'top_k.forward',
    reads: ['x'],
    writes: ['values', 'indices'],
    scalars: ['outer', 'width', 'inner', 'k', 'largest'],
  },
];

export interface TopKOptions {
  /** Default: the last. */
  readonly axis?: number;
  /** Whether the largest elements are taken (default) or the smallest. */
  readonly largest?: boolean;
}

export interface TopK {
  /** Sorted: the largest (smallest) first. */
  readonly values: Tensor;
  /** Where along the axis they stand, i32. */
  readonly indices: Tensor;
}

/**
 * The k largest or smallest elements along an axis, sorted, and where they stand. The lowest index wins a tie; a NaN comes before all else, so that it
 * shows in the values. The gradient of the values goes to the elements that were taken.
 */
export function topK(x: Tensor, k: number, options: TopKOptions = {}): TopK {
  ensureFloats('topK', { x });
  const backend = backendOf('topK', x);
  const axis = resolveAxis('topK', options.axis ?? -1, x.shape.length);
  const { outer, length, inner } = splitAt(x.shape, axis);
  ensure(
    Number.isInteger(k) && k >= 0 && k <= length,
    'invalid-argument',
    () => `topK: k is an integer from 0 to the ${length} elements of axis ${axis}, found ${k}`,
  );
  const shape = x.shape.with(axis, k);
  const values = Tensor.empty(backend, shape);
  const indices = Tensor.empty(backend, shape, 'i32');
  backend.encode(
    'top_k.forward',
    [x.buffer, values.buffer, indices.buffer],
    [outer, length, inner, k, options.largest === false ? 0 : 1],
  );
  if (needsGradient(x)) {
    recordGradient(values, [x], [indices], (dvalues, sink) => {
      addAlong(dvalues.buffer, indices.storage.id, shape, axis, x, sink.into(x));
    });
  }
  return { values, indices };
}
