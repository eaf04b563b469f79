import type { Tensor } from '../../tensor.ts';
import { gated, gatedSignatures } from '../gated.ts';
import type { KernelSignature } from '../signature.ts';

/** y = f(gate) up with f(x) = x s, s = 1 / (1 + exp(-x));  f' = s (1 + x (1 - s)). */
export const swigluKernels: readonly KernelSignature[] = gatedSignatures('swiglu');

/** silu(gate) times up (Shazeer 2020, eq. 5 without the products). Same shapes. */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  return gated('swiglu', gate, up);
}
