import type { Tensor } from '../../tensor.ts';
import { unary, unarySignatures } from '../elementwise.ts';
import type { KernelSignature } from '../signature.ts';

/** y = x² where x > 0, NaN where x is NaN, else +0;  y' = 2x where x > 0, else 0 (at 0 too). */
export const reluSquaredKernels: readonly KernelSignature[] = unarySignatures('relu_squared', 'x');

/** Squared rectified linear unit (So et al. 2021). */
export function reluSquared(x: Tensor): Tensor {
  return unary('relu_squared', 'x', x);
}
