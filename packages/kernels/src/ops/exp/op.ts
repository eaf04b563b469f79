import type { Tensor } from '../../tensor.ts';
import { unary, unarySignatures } from '../elementwise.ts';
import type { KernelSignature } from '../signature.ts';

/** y = exp(x), denormal and infinite where float32 is;  y' = y. */
export const expKernels: readonly KernelSignature[] = unarySignatures('exp', 'y');

export function exp(x: Tensor): Tensor {
  return unary('exp', 'y', x);
}
