import type { Tensor } from '../../tensor.ts';
import type { KernelSignature } from '../signature.ts';
import { type ReductionOptions, scaledSum } from '../sum/op.ts';

/** Runs on `sum.forward` with factor 1/n. */
export const meanKernels: readonly KernelSignature[] = [];

/** Mean over some axes, or over all (shape []). The mean of nothing is NaN. */
export function mean(x: Tensor, options: ReductionOptions = {}): Tensor {
  return scaledSum('mean', x, options, (count) => (count === 0 ? Number.NaN : 1 / count));
}
