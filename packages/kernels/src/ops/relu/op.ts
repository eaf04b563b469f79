import type { Tensor } from '../../tensor.ts';
import { unary, unarySignatures } from '../elementwise.ts';
import type { KernelSignature } from '../signature.ts';

/** y = x where x > 0, NaN where x is NaN, else +0;  y' = 1 where x > 0, else 0 (at 0 too). Bit-exact. */
export const reluKernels: readonly KernelSignature[] = unarySignatures('relu', 'x');

export function relu(x: Tensor): Tensor {
  return unary('relu', 'x', x);
}
