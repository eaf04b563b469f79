import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { type Pool2dOptions, poolOf, poolSizes } from '../pools.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x [planes, height, width], y [planes, outHeight, outWidth]. A window has rows strideY i - paddingY to kernelHeight further, but none beyond
 * height + paddingY, columns likewise; n is the number of its elements where countPadding, else of those inside the image.
 *
 *     forward    y = sum of the window's elements inside the image / n
 *     backward   dx (+)= sum over the windows that see the element of dy / n
 */
export const avgPool2dKernels: readonly KernelSignature[] = [
  { name: 'avg_pool2d.forward', reads: ['x'], writes: ['y'], scalars: [...poolSizes, 'countPadding'] },
  {
    name: 'avg_pool2d.backward',
    reads: ['dy'],
    writes: ['dx'],
    scalars: [...poolSizes, 'countPadding', 'accumulateX'],
  },
];

export interface AvgPool2dOptions extends Pool2dOptions {
  /** Whether the zeros of the padding count in a mean. */
  readonly countPadding?: boolean;
}

/** Means over windows: x [batch, channels, height, width] gives [batch, channels, height, width]. */
export function avgPool2d(x: Tensor, options: AvgPool2dOptions): Tensor {
  return averagesOf('avgPool2d', x, options);
}

/** The same under the name that its messages carry. */
export function averagesOf(op: string, x: Tensor, options: AvgPool2dOptions): Tensor {
  const { backend, shape, scalars } = poolOf(op, x, options);
  const all = [...scalars, options.countPadding === false ? 0 : 1];
  const y = Tensor.empty(backend, shape);
  backend.encode('avg_pool2d.forward', [x.buffer, y.buffer], all);
  if (needsGradient(x)) {
    recordGradient(y, [x], [], (dy, sink) => {
      const dx = sink.into(x);
      backend.encode('avg_pool2d.backward', [dy.buffer, dx.buffer], [...all, dx.accumulate]);
    });
  }
  return y;
}
