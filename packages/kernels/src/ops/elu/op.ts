import type { Tensor } from '../../tensor.ts';
import { unary, unarySignatures } from '../elementwise.ts';
import type { KernelSignature } from '../signature.ts';

/** y = x where x > 0, else alpha (exp(x) - 1), without the cancellation near 0;  y' = 1 where x > 0, else alpha exp(x). */
export const eluKernels: readonly KernelSignature[] = unarySignatures('elu', 'x', 'alpha');

/** Exponential linear unit (Clevert et al. 2016). */
export function elu(x: Tensor, alpha = 1): Tensor {
  return unary('elu', 'x', x, alpha);
}
