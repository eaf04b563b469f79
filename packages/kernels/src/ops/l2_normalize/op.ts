import type { Tensor } from '../../tensor.ts';
import { normalizedBy } from '../p_normalize/op.ts';
import type { KernelSignature } from '../signature.ts';

/** Runs on `p_normalize.forward` and `p_normalize.backward` with p 2. */
export const l2NormalizeKernels: readonly KernelSignature[] = [];

/** x / max(|x|, eps) along an axis, |x| its Euclidean norm. */
export function l2Normalize(x: Tensor, axis = -1, eps = 1e-12): Tensor {
  return normalizedBy('l2Normalize', x, 2, { axis, eps });
}
