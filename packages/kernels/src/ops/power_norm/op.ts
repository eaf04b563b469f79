import { ensure } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { channelsOf } from '../channels.ts';
import { backendOf, bufferOrNone, ensureFloats, ensureShape, savedOrNone } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x, y [batch, channels, inner]; all else [channels]. n = batch * inner; means over batch and inner.
 *
 *     power_norm.statistics   meanSquare = mean x²                                           (0/0 is NaN)
 *     power_norm.forward      xhat = x / sqrt(meanSquare + eps)     y = xhat gain + bias
 *     power_norm.backward     g       = dy gain
 *                             dgain (+)= sum dy xhat     dbias (+)= sum dy
 *                             dx    (+)= (g - xhat pull) / sqrt(meanSquare + eps)
 *
 * with pull = mean(g xhat) in mode 0 (the batch's statistics), the projection in mode 1 (running statistics in training), 0 in mode 2
 * (running statistics, held fixed). Mode 1 also moves the projection, in place and after it was used:
 *
 *     projection = projection (1 - momentum mean(xhat²)) + momentum mean(g xhat)
 *
 * An absent gain is 1, an absent bias 0. Running mean squares move by `batch_norm.update`.
 */
export const powerNormKernels: readonly KernelSignature[] = [
  {
    name: 'power_norm.statistics',
    reads: ['x'],
    writes: ['meanSquare'],
    scalars: ['batch', 'channels', 'inner'],
  },
  {
    name: 'power_norm.forward',
    reads: ['x', 'meanSquare', 'gain?', 'bias?'],
    writes: ['y'],
    scalars: ['batch', 'channels', 'inner', 'eps'],
  },
  {
    name: 'power_norm.backward',
    reads: ['dy', 'x', 'meanSquare', 'gain?'],
    writes: ['dx?', 'dgain?', 'dbias?', 'projection?'],
    scalars: [
      'batch',
      'channels',
      'inner',
      'eps',
      'mode',
      'momentum',
      'accumulateX',
      'accumulateGain',
      'accumulateBias',
    ],
  },
];

/** What a power norm remembers of the batches seen so far, each [channels]. It belongs to whoever made it. */
export interface PowerNormState {
  /** Running mean of squares; starts at 1. */
  readonly meanSquare: Tensor;
  /** Running projection of the gradient on the normalised activations; starts at 0. */
  readonly projection: Tensor;
}

export interface PowerNormOptions {
  /**
   * 'batch' (PN-V): the batch's own mean squares; where a state is given, its mean squares move. 'running' (PN): the running ones, which
   * then move, with the paper's approximate gradient. 'evaluation': the running ones, held fixed.
   */
  readonly statistics: 'batch' | 'running' | 'evaluation';
  readonly state?: PowerNormState;
  /** Share of the batch in the running values: 1 - alpha of the paper. */
  readonly momentum?: number;
  readonly eps?: number;
}

const modes = { batch: 0, running: 1, evaluation: 2 } as const;

export function createPowerNormState(like: Tensor): PowerNormState {
  return { meanSquare: Tensor.full(like.backend, like.shape, 1), projection: Tensor.zeros(like.backend, like.shape) };
}

/**
 * Power normalisation (Shen et al. 2020, algorithms 1 and 2): batch normalisation without the mean, by running mean squares.
 * x [batch, channels, ...]; gain, bias [channels]. The state moves in place: the mean squares where the op is called, the projection where
 * its gradient is computed.
 */
export function powerNorm(
  x: Tensor,
  gain: Tensor | undefined,
  bias: Tensor | undefined,
  options: PowerNormOptions,
): Tensor {
  const { statistics, state, momentum = 0.1, eps = 1e-5 } = options;
  ensureFloats('powerNorm', {
    x,
    gain,
    bias,
    'the mean square': state?.meanSquare,
    'the projection': state?.projection,
  });
  const backend = backendOf('powerNorm', x, gain, bias, state?.meanSquare, state?.projection);
  const { batch, channels, inner } = channelsOf('powerNorm', x);
  ensureShape('powerNorm', 'gain', gain, [channels]);
  ensureShape('powerNorm', 'bias', bias, [channels]);
  ensureShape('powerNorm', 'the mean square', state?.meanSquare, [channels]);
  ensureShape('powerNorm', 'the projection', state?.projection, [channels]);
  ensure(
    statistics === 'batch' || state !== undefined,
    'invalid-argument',
    () => `powerNorm: ${statistics} statistics need a state, found none`,
  );
  const ofBatch = statistics === 'evaluation' ? undefined : Tensor.empty(backend, [channels]);
  if (ofBatch !== undefined) {
    backend.encode('power_norm.statistics', [x.buffer, ofBatch.buffer], [batch, channels, inner]);
  }
  // The running mean squares move while the gradient still needs those that were used.
  const used = statistics === 'batch' ? ofBatch! : copyOf(state!.meanSquare);
  if (ofBatch !== undefined && state !== undefined) {
    backend.encode('batch_norm.update', [ofBatch.buffer, state.meanSquare.buffer], [channels, momentum, 1]);
  }
  const y = Tensor.empty(backend, x.shape);
  backend.encode(
    'power_norm.forward',
    [x.buffer, used.buffer, bufferOrNone(gain), bufferOrNone(bias), y.buffer],
    [batch, channels, inner, eps],
  );
  if (needsGradient(x, gain, bias)) {
    const projection = statistics === 'running' ? state?.projection : undefined;
    recordGradient(y, [x, gain, bias], [x, used, gain, projection], (dy, sink) => {
      const dx = sink.into(x);
      const dgain = sink.into(gain);
      const dbias = sink.into(bias);
      const reads = [dy.buffer, x.storage.id, used.storage.id, savedOrNone(gain)];
      backend.encode(
        'power_norm.backward',
        [...reads, dx.buffer, dgain.buffer, dbias.buffer, savedOrNone(projection)],
        [
          ...[batch, channels, inner, eps, modes[statistics], momentum],
          ...[dx.accumulate, dgain.accumulate, dbias.accumulate],
        ],
      );
    });
  }
  used.dispose();
  if (ofBatch !== used) ofBatch?.dispose();
  return y;
}

function copyOf(x: Tensor): Tensor {
  const y = Tensor.empty(x.backend, x.shape);
  x.backend.encode('copy.forward', [x.buffer, y.buffer], [x.size]);
  return y;
}
