import { inversePositiveDefinite, matrix, product } from '@claimbench/kernels';
import { dampedHessian } from '../weights/column-sweep.ts';

/**
 * W* = W + strength W D (H + damping mean(diag H) I)^-1 with H = X'^T X' of the inputs that the quantized model gives and
 * D = (X - X')^T X': the weights that come nearest to the clean outputs on those inputs. Both products up to one common factor. The
 * columns of inputs that are always zero become zero.
 */
export function correctedWeight(
  values: Float32Array,
  inSize: number,
  given: { readonly hessian: Float64Array; readonly difference: Float64Array },
  { strength, damping }: { strength: number; damping: number },
): Float32Array {
  const { damped, dead } = dampedHessian(given.hessian, inSize, damping);
  const outSize = values.length / inSize;
  const alive = values.map((w, i) => (dead[i % inSize] ? 0 : w));
  const shift = product(
    product(matrix(outSize, inSize, alive), matrix(inSize, inSize, given.difference)),
    inversePositiveDefinite(damped),
  );
  return alive.map((w, i) => w + strength * shift.values[i]!);
}
