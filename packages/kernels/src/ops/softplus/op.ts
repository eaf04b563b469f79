import type { Tensor } from '../../tensor.ts';
import { unary, unarySignatures } from '../elementwise.ts';
import type { KernelSignature } from '../signature.ts';

/** y = log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)), good to the last places also far down;  y' = 1 / (1 + exp(-x)). */
export const softplusKernels: readonly KernelSignature[] = unarySignatures('softplus', 'x');

export function softplus(x: Tensor): Tensor {
  return unary('softplus', 'x', x);
}
