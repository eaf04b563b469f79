import { ensure } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { backendOf, ensureFloats } from './operands.ts';
import { bothOf, imagesOf, type Pair, windowsAlong } from './windows.ts';

export interface Pool2dOptions {
  readonly kernel: Pair;
  /** The kernel's size unless said otherwise: windows side by side. */
  readonly stride?: Pair;
  /** Around the image, at most half of the kernel. */
  readonly padding?: Pair;
  /** Whether a window that only begins inside the image (or the padding before it) counts. */
  readonly ceilMode?: boolean;
}

export interface Pool1dOptions {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly ceilMode?: boolean;
}

/** Scalars of every pool's kernels. */
export const poolSizes: readonly string[] = [
  ...['planes', 'height', 'width', 'kernelHeight', 'kernelWidth', 'strideY', 'strideX'],
  ...['paddingY', 'paddingX', 'outHeight', 'outWidth'],
];

/** Checks a pool over x [batch, channels, height, width]; gives the shape of y and the kernels' scalars. */
export function poolOf(op: string, x: Tensor, options: Pool2dOptions) {
  ensureFloats(op, { x });
  const backend = backendOf(op, x);
  const { batch, channels, height, width } = imagesOf(op, x);
  const kernel = bothOf(options.kernel);
  const stride = bothOf(options.stride ?? options.kernel);
  const padding = bothOf(options.padding ?? 0);
  const along = (extent: number, axis: 0 | 1) => {
    const [size, step, around] = [kernel[axis], stride[axis], padding[axis]];
    const whole = windowsAlong(op, extent, { kernel: size, stride: step, padding: around, dilation: 1 });
    ensure(extent > 0, 'shape-mismatch', () => `${op}: a window needs an element of the image, found an extent of 0`);
    ensure(
      2 * around <= size,
      'invalid-argument',
      () =>
        `${op}: padding is at most half of the kernel ${size}, so that every window sees the image, found ${around}`,
    );
    if (options.ceilMode !== true) return whole;
    const begun = Math.ceil((extent + 2 * around - size) / step) + 1;
    return (begun - 1) * step >= extent + around ? begun - 1 : begun;
  };
  const [outHeight, outWidth] = [along(height, 0), along(width, 1)];
  const scalars = [batch * channels, height, width, ...kernel, ...stride, ...padding, outHeight, outWidth];
  return { backend, shape: [batch, channels, outHeight, outWidth], scalars };
}

/** A pool along lines, as one over images of one row. */
export function alongLines({ kernel, stride = kernel, padding = 0, ceilMode = false }: Pool1dOptions): Pool2dOptions {
  return { kernel: [1, kernel], stride: [1, stride], padding: [0, padding], ceilMode };
}
