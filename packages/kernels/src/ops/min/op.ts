import type { Tensor } from '../../tensor.ts';
import { extremum } from '../max/op.ts';
import type { KernelSignature } from '../signature.ts';
import type { ReductionOptions } from '../sum/op.ts';

/** y = smallest x over the extents where y has stride 0, bit-exact; -0 counts as smaller than 0, NaN wins. The gradient is that of `max`. */
export const minKernels: readonly KernelSignature[] = [
  { name: 'min.forward', reads: ['x'], writes: ['y'], scalars: ['...loop(x, y)'] },
];

/** The smallest element over some axes, or over all (shape []). Ties share the gradient evenly; NaN wins. There is none of nothing. */
export function min(x: Tensor, options: ReductionOptions = {}): Tensor {
  return extremum('min', x, options);
}
