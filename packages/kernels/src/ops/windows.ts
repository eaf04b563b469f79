import { ensure, formatShape } from '../errors.ts';
import type { Tensor } from '../tensor.ts';

/** The same for height and width, or one for each. */
export type Pair = number | readonly [number, number];

export function bothOf(pair: Pair): readonly [number, number] {
  return typeof pair === 'number' ? [pair, pair] : pair;
}

/** How windows move along one axis. */
export interface WindowAxis {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
}

/** Sizes that a kernel takes for a window: native counts them in 24 bits. */
const most = 2 ** 24;

/** Checks an axis, and gives the number of windows that fit into `extent` with its padding. */
export function windowsAlong(op: string, extent: number, axis: WindowAxis): number {
  for (const [name, least] of [
    ...['kernel', 'stride', 'dilation'].map((key) => [key, 1] as const),
    ['padding', 0] as const,
  ]) {
    const value = axis[name as keyof WindowAxis];
    ensure(
      Number.isInteger(value) && value >= least && value <= most,
      'invalid-argument',
      () => `${op}: ${name} is an integer from ${least} to 2^24, found ${value}`,
    );
  }
  const reach = axis.dilation * (axis.kernel - 1) + 1;
  const padded = extent + 2 * axis.padding;
  ensure(
    padded >= reach,
    'shape-mismatch',
    () =>
      `${op}: a window of ${reach} needs an input at least as large, found ${extent} with ${axis.padding} around it`,
  );
  return Math.floor((padded - reach) / axis.stride) + 1;
}

/** x [batch, channels, height, width]. */
export function imagesOf(op: string, x: Tensor): { batch: number; channels: number; height: number; width: number } {
  const [batch, channels, height, width, ...rest] = x.shape;
  ensure(
    width !== undefined && rest.length === 0,
    'shape-mismatch',
    () => `${op}: x is [batch, channels, height, width], found ${formatShape(x.shape)}`,
  );
  return { batch: batch!, channels: channels!, height: height!, width: width! };
}

/** x [batch, channels, length] as images of one row, for the ops of two dimensions. */
export function asRowsOfImages(op: string, x: Tensor): Tensor {
  const [batch, channels, length, ...rest] = x.shape;
  ensure(
    length !== undefined && rest.length === 0,
    'shape-mismatch',
    () => `${op}: x is [batch, channels, length], found ${formatShape(x.shape)}`,
  );
  return x.reshape([batch!, channels!, 1, length]);
}

/** The same back. */
export function withoutHeight(y: Tensor): Tensor {
  return y.reshape([y.shape[0]!, y.shape[1]!, y.shape[3]!]);
}
