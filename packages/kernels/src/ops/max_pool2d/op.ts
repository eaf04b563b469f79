import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { type Pool2dOptions, poolOf, poolSizes } from '../pools.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x [planes, height, width], y and place [planes, outHeight, outWidth]. A window has rows strideY i - paddingY to kernelHeight further, columns
 * likewise, of which those inside the image count, in row order.
 *
 *     forward    y = the largest, place = where in its plane it stands (i32); the first of equals; a NaN is larger than anything, the last of several
 *     backward   dx (+)= sum over the windows whose place it is of dy
 */
export const maxPool2dKernels: readonly KernelSignature[] = [
  { name: 'max_pool2d.forward', reads: ['x'], writes: ['y', 'place?'], scalars: poolSizes },
  { name: 'max_pool2d.backward', reads: ['dy', 'place'], writes: ['dx'], scalars: [...poolSizes, 'accumulateX'] },
];

/**
 * The largest elements of windows: x [batch, channels, height, width] gives [batch, channels, height, width]. The first of equal elements takes the
 * gradient; a window with a NaN gives NaN.
 */
export function maxPool2d(x: Tensor, options: Pool2dOptions): Tensor {
  return maximaOf('maxPool2d', x, options);
}

/** The same under the name that its messages carry. */
export function maximaOf(op: string, x: Tensor, options: Pool2dOptions): Tensor {
  const { backend, shape, scalars } = poolOf(op, x, options);
  const y = Tensor.empty(backend, shape);
  if (!needsGradient(x)) {
    backend.encode('max_pool2d.forward', [x.buffer, y.buffer, 0], scalars);
    return y;
  }
  using place = Tensor.empty(backend, shape, 'i32');
  backend.encode('max_pool2d.forward', [x.buffer, y.buffer, place.buffer], scalars);
  recordGradient(y, [x], [place], (dy, sink) => {
    const dx = sink.into(x);
    backend.encode('max_pool2d.backward', [dy.buffer, place.storage.id, dx.buffer], [...scalars, dx.accumulate]);
  });
  return y;
}
