import type { Tensor } from '../../tensor.ts';
import { unary, unarySignatures } from '../elementwise.ts';
import type { KernelSignature } from '../signature.ts';

/** y = 1 / (1 + exp(-x));  dx = dy y (1 - y), computed from y: `sigmoid.backward` reads [dy, y]. */
export const sigmoidKernels: readonly KernelSignature[] = unarySignatures('sigmoid', 'y');

export function sigmoid(x: Tensor): Tensor {
  return unary('sigmoid', 'y', x);
}
