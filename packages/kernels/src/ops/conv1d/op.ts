import { ensure, formatShape } from '../../errors.ts';
import { scope, type Tensor } from '../../tensor.ts';
import { convolution } from '../conv2d/op.ts';
import type { KernelSignature } from '../signature.ts';
import { asRowsOfImages, withoutHeight } from '../windows.ts';

/** Runs on `conv2d.forward` and `conv2d.backward`, with images of one row. */
export const conv1dKernels: readonly KernelSignature[] = [];

export interface Conv1dOptions {
  readonly stride?: number;
  /** Zeros at both ends. */
  readonly padding?: number;
  readonly dilation?: number;
  /** Parts of the channels that do not see each other; as many as channels: depthwise. */
  readonly groups?: number;
}

/** Cross-correlation along a line: x [batch, channels, length], weight [out, channels / groups, kernel], bias [out] gives [batch, out, length]. */
export function conv1d(x: Tensor, weight: Tensor, bias?: Tensor, options: Conv1dOptions = {}): Tensor {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const [out, channels, kernel] = weight.shape;
  ensure(
    weight.shape.length === 3,
    'shape-mismatch',
    () => `conv1d: weight is [out, channels / groups, kernel], found ${formatShape(weight.shape)}`,
  );
  return scope(() => {
    const y = convolution('conv1d', asRowsOfImages('conv1d', x), weight.reshape([out!, channels!, 1, kernel!]), bias, {
      stride: [1, stride],
      padding: [0, padding],
      dilation: [1, dilation],
      groups,
    });
    return withoutHeight(y);
  });
}
