import type { Tensor } from '../../tensor.ts';
import { unary, unarySignatures } from '../elementwise.ts';
import type { KernelSignature } from '../signature.ts';

/** y = x s, s = 1 / (1 + exp(-x));  y' = s (1 + x (1 - s)). */
export const siluKernels: readonly KernelSignature[] = unarySignatures('silu', 'x');

/** Sigmoid linear unit, also called swish. */
export function silu(x: Tensor): Tensor {
  return unary('silu', 'x', x);
}
