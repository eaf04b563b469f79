import { scope, type Tensor } from '../../tensor.ts';
import { maximaOf } from '../max_pool2d/op.ts';
import { alongLines, type Pool1dOptions } from '../pools.ts';
import type { KernelSignature } from '../signature.ts';
import { asRowsOfImages, withoutHeight } from '../windows.ts';

/** Runs on `max_pool2d.forward` and `max_pool2d.backward`, with images of one row. */
export const maxPool1dKernels: readonly KernelSignature[] = [];

/** Largest elements of windows of lines: x [batch, channels, length] gives [batch, channels, length]. Ties and NaN as `maxPool2d` has them. */
export function maxPool1d(x: Tensor, options: Pool1dOptions): Tensor {
  return scope(() => withoutHeight(maximaOf('maxPool1d', asRowsOfImages('maxPool1d', x), alongLines(options))));
}
