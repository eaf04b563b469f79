import type { Tensor } from '../../tensor.ts';
import { gated, gatedSignatures } from '../gated.ts';
import type { KernelSignature } from '../signature.ts';

/** y = f(gate) up with f(x) = 1 / (1 + exp(-x));  f' = f (1 - f). */
export const gluKernels: readonly KernelSignature[] = gatedSignatures('glu');

/** sigmoid(gate) times up (Dauphin et al. 2017, eq. 1 without the products). Same shapes. */
export function glu(gate: Tensor, up: Tensor): Tensor {
  return gated('glu', gate, up);
}
