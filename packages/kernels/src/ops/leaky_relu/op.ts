import type { Tensor } from '../../tensor.ts';
import { unary, unarySignatures } from '../elementwise.ts';
import type { KernelSignature } from '../signature.ts';

/** y = x where x > 0, else slope x;  y' = 1 where x > 0, else slope (at 0 too). */
export const leakyReluKernels: readonly KernelSignature[] = unarySignatures('leaky_relu', 'x', 'slope');

export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  return unary('leaky_relu', 'x', x, slope);
}
