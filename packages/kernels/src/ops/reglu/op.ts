import type { Tensor } from '../../tensor.ts';
import { gated, gatedSignatures } from '../gated.ts';
import type { KernelSignature } from '../signature.ts';

/** y = f(gate) up with f(x) = x where x > 0, NaN where x is NaN, else +0;  f' = 1 where x > 0, else 0. */
export const regluKernels: readonly KernelSignature[] = gatedSignatures('reglu');

/** relu(gate) times up (Shazeer 2020, eq. 5 without the products). Same shapes. */
export function reglu(gate: Tensor, up: Tensor): Tensor {
  return gated('reglu', gate, up);
}
