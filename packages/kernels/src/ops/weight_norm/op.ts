import type { Tensor } from '../../tensor.ts';
import { mul } from '../mul/op.ts';
import { backendOf, ensureFloats, ensureShape, resolveAxis } from '../operands.ts';
import { normalizedBy } from '../p_normalize/op.ts';
import type { KernelSignature } from '../signature.ts';
import { transpose } from '../transpose/op.ts';

/** Runs on `p_normalize` and `mul`. */
export const weightNormKernels: readonly KernelSignature[] = [];

/**
 * Weight normalisation (Salimans and Kingma 2016, eq. 2): direction times magnitude over the direction's Euclidean norm, which is taken
 * over all axes but one. direction [...]; magnitude as direction, but with extent 1 where the norm is taken.
 */
export function weightNorm(direction: Tensor, magnitude: Tensor, axis = 0): Tensor {
  ensureFloats('weightNorm', { direction, magnitude });
  backendOf('weightNorm', direction, magnitude);
  const kept = resolveAxis('weightNorm', axis, direction.shape.length);
  ensureShape(
    'weightNorm',
    'magnitude',
    magnitude,
    direction.shape.map((extent, i) => (i === kept ? extent : 1)),
  );
  const count = direction.shape[kept]!;
  const order = direction.shape.map((_, i) => (i === 0 ? kept : i <= kept ? i - 1 : i));
  const front = kept === 0 ? direction : transpose(direction, order);
  const width = direction.shape.reduce((product, extent, i) => (i === kept ? product : product * extent), 1);
  const unit = normalizedBy('weightNorm', front.reshape([count, width]), 2, { eps: 0 }).reshape(front.shape);
  const back =
    kept === 0
      ? unit
      : transpose(
          unit,
          order.map((_, i) => order.indexOf(i)),
        );
  return mul(back, magnitude);
}
