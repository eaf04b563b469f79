import { ensure, formatShape } from '../../errors.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats, resolveAxis, splitAt } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x [outer, width, inner], y [outer, inner] i32: along width, the lowest index of the largest element, where 0 and -0 are equal and NaN is larger
 * than all else. Exact.
 */
export const argmaxKernels: readonly KernelSignature[] = [
  { name: 'argmax.forward', reads: ['x'], writes: ['y'], scalars: ['outer', 'width', 'inner'] },
];

/** Where along an axis the largest element stands, as i32 without that axis. The first of equal ones; the first NaN where there is one. No gradient. */
export function argmax(x: Tensor, axis = -1): Tensor {
  ensureFloats('argmax', { x });
  const backend = backendOf('argmax', x);
  const at = resolveAxis('argmax', axis, x.shape.length);
  const { outer, length, inner } = splitAt(x.shape, at);
  ensure(
    length > 0 || outer * inner === 0,
    'shape-mismatch',
    () => `argmax: one element at least is needed along axis ${at}, found shape ${formatShape(x.shape)}`,
  );
  const y = Tensor.empty(backend, x.shape.toSpliced(at, 1), 'i32');
  backend.encode('argmax.forward', [x.buffer, y.buffer], [outer, length, inner]);
  return y;
}
