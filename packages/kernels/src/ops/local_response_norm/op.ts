import { ensure } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { channelsOf } from '../channels.ts';
import { backendOf, bufferOrNone, ensureFloats, savedOrNone } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x, y, divisor [batch, channels, inner]. The window of channel c is the channels from c - floor(size / 2) to c + floor((size - 1) / 2),
 * as far as there are any:
 *
 *     divisor = k + alpha / size sum over the window of x²      y = x divisor^-beta
 *
 *     backward   dx[c] (+)= dy[c] divisor[c]^-beta - 2 alpha beta / size x[c] sum of dy[j] y[j] / divisor[j]
 *                over the j whose window holds c
 *
 * divisor is absent where no gradient is wanted.
 */
export const localResponseNormKernels: readonly KernelSignature[] = [
  {
    name: 'local_response_norm.forward',
    reads: ['x'],
    writes: ['y', 'divisor?'],
    scalars: ['batch', 'channels', 'inner', 'size', 'alpha', 'beta', 'k'],
  },
  {
    name: 'local_response_norm.backward',
    reads: ['dy', 'x', 'y', 'divisor'],
    writes: ['dx'],
    scalars: ['batch', 'channels', 'inner', 'size', 'alpha', 'beta', 'accumulate'],
  },
];

export interface LocalResponseNormOptions {
  /** Channels in a window. */
  readonly size: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly k?: number;
}

/** Local response normalisation (Krizhevsky et al. 2012, section 3.3), with alpha over the size. x [batch, channels, ...]. */
export function localResponseNorm(x: Tensor, options: LocalResponseNormOptions): Tensor {
  const { size, alpha = 1e-4, beta = 0.75, k = 1 } = options;
  ensureFloats('localResponseNorm', { x });
  const backend = backendOf('localResponseNorm', x);
  const { batch, channels, inner } = channelsOf('localResponseNorm', x);
  ensure(
    Number.isInteger(size) && size >= 1,
    'invalid-argument',
    () => `localResponseNorm: a window has at least one channel, found ${size}`,
  );
  const y = Tensor.empty(backend, x.shape);
  const recorded = needsGradient(x);
  const divisor = recorded ? Tensor.empty(backend, x.shape) : undefined;
  const sizes = [batch, channels, inner, size, alpha, beta];
  backend.encode('local_response_norm.forward', [x.buffer, y.buffer, bufferOrNone(divisor)], [...sizes, k]);
  if (recorded) {
    recordGradient(y, [x], [x, y, divisor], (dy, sink) => {
      const dx = sink.into(x);
      backend.encode(
        'local_response_norm.backward',
        [dy.buffer, x.storage.id, y.storage.id, savedOrNone(divisor), dx.buffer],
        [...sizes, dx.accumulate],
      );
    });
  }
  divisor?.dispose();
  return y;
}
