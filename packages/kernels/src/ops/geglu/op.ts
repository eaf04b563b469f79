import type { Tensor } from '../../tensor.ts';
import { gated, gatedSignatures } from '../gated.ts';
import type { KernelSignature } from '../signature.ts';

/** y = f(gate) up; f and f' are those of `gelu_erf` and `gelu_tanh`. */
export const gegluKernels: readonly KernelSignature[] = [
  ...gatedSignatures('geglu_erf'),
  ...gatedSignatures('geglu_tanh'),
];

/** gelu(gate) times up (Shazeer 2020, eq. 5 without the products). Same shapes. */
export function geglu(gate: Tensor, up: Tensor, form: 'erf' | 'tanh'): Tensor {
  return gated(form === 'erf' ? 'geglu_erf' : 'geglu_tanh', gate, up);
}
