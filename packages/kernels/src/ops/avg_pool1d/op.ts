import { scope, type Tensor } from '../../tensor.ts';
import { averagesOf } from '../avg_pool2d/op.ts';
import { alongLines, type Pool1dOptions } from '../pools.ts';
import type { KernelSignature } from '../signature.ts';
import { asRowsOfImages, withoutHeight } from '../windows.ts';

/** Runs on `avg_pool2d.forward` and `avg_pool2d.backward`, with images of one row. */
export const avgPool1dKernels: readonly KernelSignature[] = [];

export interface AvgPool1dOptions extends Pool1dOptions {
  /** Whether the zeros of the padding count in a mean. */
  readonly countPadding?: boolean;
}

/** Means over windows of lines: x [batch, channels, length] gives [batch, channels, length]. */
export function avgPool1d(x: Tensor, options: AvgPool1dOptions): Tensor {
  const { countPadding = true } = options;
  return scope(() =>
    withoutHeight(averagesOf('avgPool1d', asRowsOfImages('avgPool1d', x), { ...alongLines(options), countPadding })),
  );
}
