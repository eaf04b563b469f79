import type { Tensor } from '../../tensor.ts';
import { unary, unarySignatures } from '../elementwise.ts';
import type { KernelSignature } from '../signature.ts';

/**
 *     gelu_erf    y = x Phi(x) = x/2 (1 + erf(x / sqrt 2))                   y' = Phi(x) + x phi(x)
 *     gelu_tanh   y = x/2 (1 + tanh u),  u = sqrt(2/pi) (x + 0.044715 x³)    y' = (1 + tanh u)/2 + x/2 (1 - tanh² u) u'
 *
 * For large negative x compute Phi as erfc(-x / sqrt 2)/2, and (1 + tanh u)/2 as 1/(1 + exp(-2u)): the sum cancels.
 */
export const geluKernels: readonly KernelSignature[] = [
  ...unarySignatures('gelu_erf', 'x'),
  ...unarySignatures('gelu_tanh', 'x'),
];

/** Gaussian error linear unit (Hendrycks and Gimpel 2016), exact or with their tanh approximation. */
export function gelu(x: Tensor, form: 'erf' | 'tanh'): Tensor {
  return unary(form === 'erf' ? 'gelu_erf' : 'gelu_tanh', 'x', x);
}
