import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, bufferOrNone, ensureFloats, ensureShape, savedOrNone } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';
import { bothOf, imagesOf, type Pair, windowsAlong } from '../windows.ts';

const sizes = [
  ...['batch', 'channels', 'height', 'width', 'out', 'groups', 'kernelHeight', 'kernelWidth'],
  ...['strideY', 'strideX', 'paddingY', 'paddingX', 'dilationY', 'dilationX'],
];

/**
 * x [batch, channels, height, width], weight [out, channels / groups, kernelHeight, kernelWidth], bias [out],
 * y [batch, out, outHeight, outWidth], outHeight = floor((height + 2 paddingY - dilationY (kernelHeight - 1) - 1) / strideY) + 1, as wide likewise.
 *
 *     forward    y[n, o, i, j]         = bias[o] + sum_c,k,l x[n, c, row, column] weight[o, c, k, l]
 *                row = strideY i - paddingY + dilationY k, column likewise; 0 outside; c runs over the channels of o's group
 *     backward   dx[n, c, row, column] (+)= sum over all (o, i, j, k, l) that read it of dy[n, o, i, j] weight[o, c, k, l]
 *                dweight[o, c, k, l]   (+)= sum_n,i,j dy[n, o, i, j] x[n, c, row, column]
 *                dbias[o]              (+)= sum_n,i,j dy[n, o, i, j]
 *
 * Without channels y is the bias; with batch 0 the weight's gradient is 0. Any of dx, dweight, dbias may be absent; x is absent where
 * dweight is, weight where dx is.
 */
export const conv2dKernels: readonly KernelSignature[] = [
  { name: 'conv2d.forward', reads: ['x', 'weight', 'bias?'], writes: ['y'], scalars: sizes },
  {
    name: 'conv2d.backward',
    reads: ['dy', 'x?', 'weight?'],
    writes: ['dx?', 'dweight?', 'dbias?'],
    scalars: [...sizes, 'accumulateX', 'accumulateWeight', 'accumulateBias'],
  },
];

export interface Conv2dOptions {
  readonly stride?: Pair;
  /** Zeros around the image, on every side. */
  readonly padding?: Pair;
  readonly dilation?: Pair;
  /** Parts of the channels that do not see each other; as many as channels: depthwise. */
  readonly groups?: number;
}

/**
 * Cross-correlation, which networks call convolution: x [batch, channels, height, width], weight [out, channels / groups, height, width],
 * bias [out] gives [batch, out, height, width].
 */
export function conv2d(x: Tensor, weight: Tensor, bias?: Tensor, options: Conv2dOptions = {}): Tensor {
  return convolution('conv2d', x, weight, bias, options);
}

/** The same under the name that its messages carry. */
export function convolution(
  op: string,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  options: Conv2dOptions,
): Tensor {
  const { groups = 1 } = options;
  ensureFloats(op, { x, weight, bias });
  const backend = backendOf(op, x, weight, bias);
  const { batch, channels, height, width } = imagesOf(op, x);
  ensure(
    Number.isInteger(groups) && groups >= 1 && channels % groups === 0,
    'invalid-argument',
    () => `${op}: groups divide the ${channels} channels, found ${groups}`,
  );
  const [out, ofGroup, kernelHeight, kernelWidth] = weight.shape;
  ensure(
    weight.shape.length === 4 && ofGroup === channels / groups,
    'shape-mismatch',
    () => `${op}: weight has shape [out, ${channels / groups}, height, width], found ${formatShape(weight.shape)}`,
  );
  ensure(out! % groups === 0, 'invalid-argument', () => `${op}: groups divide the ${out} outputs, found ${groups}`);
  ensureShape(op, 'bias', bias, [out!]);
  const [stride, padding, dilation] = [
    bothOf(options.stride ?? 1),
    bothOf(options.padding ?? 0),
    bothOf(options.dilation ?? 1),
  ];
  const outAlong = (extent: number, kernel: number, axis: 0 | 1) =>
    windowsAlong(op, extent, { kernel, stride: stride[axis], padding: padding[axis], dilation: dilation[axis] });
  const outHeight = outAlong(height, kernelHeight!, 0);
  const outWidth = outAlong(width, kernelWidth!, 1);
  const scalars = [batch, channels, height, width, out!, groups, kernelHeight!, kernelWidth!];
  scalars.push(...stride, ...padding, ...dilation);
  const y = Tensor.empty(backend, [batch, out!, outHeight, outWidth]);
  backend.encode('conv2d.forward', [x.buffer, weight.buffer, bufferOrNone(bias), y.buffer], scalars);
  if (needsGradient(x, weight, bias)) {
    const savedX = needsGradient(weight) ? x : undefined;
    const savedWeight = needsGradient(x) ? weight : undefined;
    recordGradient(y, [x, weight, bias], [savedX, savedWeight], (dy, sink) => {
      const dx = sink.into(x);
      const dweight = sink.into(weight);
      const dbias = sink.into(bias);
      const reads = [dy.buffer, savedOrNone(savedX), savedOrNone(savedWeight)];
      backend.encode(
        'conv2d.backward',
        [...reads, dx.buffer, dweight.buffer, dbias.buffer],
        [...scalars, dx.accumulate, dweight.accumulate, dbias.accumulate],
      );
    });
  }
  return y;
}
