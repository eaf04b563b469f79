import type { Tensor } from '../../tensor.ts';
import { normalizedBy } from '../p_normalize/op.ts';
import type { KernelSignature } from '../signature.ts';

/** Runs on `p_normalize.forward` and `p_normalize.backward` with p 2 and a gain. */
export const scaleNormKernels: readonly KernelSignature[] = [];

/** Scale normalisation (Nguyen and Salazar 2019, eq. 6): gain x / max(|x|, eps) over the last dimension, gain one element. */
export function scaleNorm(x: Tensor, gain: Tensor, eps = 1e-5): Tensor {
  return normalizedBy('scaleNorm', x, 2, { gain, eps });
}
