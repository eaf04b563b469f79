import type { Tensor } from '../../tensor.ts';
import { unary, unarySignatures } from '../elementwise.ts';
import type { KernelSignature } from '../signature.ts';

/** y = tanh x;  dx = dy (1 - y²), computed from y: `tanh.backward` reads [dy, y]. */
export const tanhKernels: readonly KernelSignature[] = unarySignatures('tanh', 'y');

export function tanh(x: Tensor): Tensor {
  return unary('tanh', 'y', x);
}
