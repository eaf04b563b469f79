import { ensure, formatShape } from '../errors.ts';
import type { Tensor } from '../tensor.ts';

/** x [batch, channels, ...] as [batch, channels, inner]: how norms over channels, convolutions and pools see it. */
export function channelsOf(op: string, x: Tensor): { batch: number; channels: number; inner: number } {
  ensure(
    x.shape.length >= 2,
    'shape-mismatch',
    () => `${op}: x is [batch, channels, ...], found ${formatShape(x.shape)}`,
  );
  const inner = x.shape.slice(2).reduce((product, extent) => product * extent, 1);
  return { batch: x.shape[0]!, channels: x.shape[1]!, inner };
}
