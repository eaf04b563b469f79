import { ensure } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { channelsOf } from '../channels.ts';
import { backendOf, bufferOrNone, ensureFloats, ensureShape, savedOrNone } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x, y [batch, channels, inner]; all else [channels]. n = batch * inner; sums and means over batch and inner.
 *
 *     batch_norm.statistics   mean = 1/n sum x     variance = 1/n sum (x - mean)²      (0/0 is NaN)
 *     batch_norm.update       running = (1 - momentum) running + momentum factor current         in place
 *     batch_norm.forward      xhat = (x - mean) / sqrt(variance + eps)     y = xhat gain + bias
 *     batch_norm.backward     dgain (+)= sum dy xhat     dbias (+)= sum dy
 *                             dx    (+)= gain / sqrt(variance + eps) (dy - sum dy / n - xhat sum(dy xhat) / n)    where training
 *                             dx    (+)= gain / sqrt(variance + eps) dy                                            otherwise
 *
 * An absent gain is 1, an absent bias 0.
 */
export const batchNormKernels: readonly KernelSignature[] = [
  {
    name: 'batch_norm.statistics',
    reads: ['x'],
    writes: ['mean', 'variance'],
    scalars: ['batch', 'channels', 'inner'],
  },
  {
    name: 'batch_norm.update',
    reads: ['current'],
    writes: ['running'],
    scalars: ['count', 'momentum', 'factor'],
  },
  {
    name: 'batch_norm.forward',
    reads: ['x', 'mean', 'variance', 'gain?', 'bias?'],
    writes: ['y'],
    scalars: ['batch', 'channels', 'inner', 'eps'],
  },
  {
    name: 'batch_norm.backward',
    reads: ['dy', 'x', 'mean', 'variance', 'gain?'],
    writes: ['dx?', 'dgain?', 'dbias?'],
    scalars: ['batch', 'channels', 'inner', 'eps', 'training', 'accumulateX', 'accumulateGain', 'accumulateBias'],
  },
];

/** Averages over the batches seen so far, each [channels]. They belong to whoever made them. */
export interface RunningStatistics {
  readonly mean: Tensor;
  /** Of the unbiased variance. */
  readonly variance: Tensor;
}

export interface BatchNormOptions {
  /** true: normalises with the batch's statistics and moves the running ones, where given. false: with the running ones. */
  readonly training: boolean;
  readonly running?: RunningStatistics;
  /** Share of the batch in the running statistics. */
  readonly momentum?: number;
  readonly eps?: number;
}

/**
 * Batch normalisation (Ioffe and Szegedy 2015, algorithm 1). x [batch, channels, ...]; gain, bias [channels]. Running statistics change in
 * place, where the op is called: with the population variance it normalises, the unbiased one (n / (n - 1)) it remembers.
 */
export function batchNorm(
  x: Tensor,
  gain: Tensor | undefined,
  bias: Tensor | undefined,
  options: BatchNormOptions,
): Tensor {
  const { training, running, momentum = 0.1, eps = 1e-5 } = options;
  ensureFloats('batchNorm', {
    x,
    gain,
    bias,
    'the running mean': running?.mean,
    'the running variance': running?.variance,
  });
  const backend = backendOf('batchNorm', x, gain, bias, running?.mean, running?.variance);
  const { batch, channels, inner } = channelsOf('batchNorm', x);
  ensureShape('batchNorm', 'gain', gain, [channels]);
  ensureShape('batchNorm', 'bias', bias, [channels]);
  ensureShape('batchNorm', 'the running mean', running?.mean, [channels]);
  ensureShape('batchNorm', 'the running variance', running?.variance, [channels]);
  const { mean, variance } = training ? statisticsOf(x, batch, channels, inner) : givenStatistics(running);
  if (training && running !== undefined) {
    const count = batch * inner;
    ensure(
      count > 1,
      'shape-mismatch',
      () => `batchNorm: a running variance needs two values of each channel, found ${count} in a batch`,
    );
    backend.encode('batch_norm.update', [mean.buffer, running.mean.buffer], [channels, momentum, 1]);
    backend.encode(
      'batch_norm.update',
      [variance.buffer, running.variance.buffer],
      [channels, momentum, count / (count - 1)],
    );
  }
  const y = Tensor.empty(backend, x.shape);
  backend.encode(
    'batch_norm.forward',
    [x.buffer, mean.buffer, variance.buffer, bufferOrNone(gain), bufferOrNone(bias), y.buffer],
    [batch, channels, inner, eps],
  );
  if (needsGradient(x, gain, bias)) {
    recordGradient(y, [x, gain, bias], [x, mean, variance, gain], (dy, sink) => {
      const dx = sink.into(x);
      const dgain = sink.into(gain);
      const dbias = sink.into(bias);
      const reads = [dy.buffer, x.storage.id, mean.storage.id, variance.storage.id, savedOrNone(gain)];
      backend.encode(
        'batch_norm.backward',
        [...reads, dx.buffer, dgain.buffer, dbias.buffer],
        [...[batch, channels, inner, eps, training ? 1 : 0], ...[dx.accumulate, dgain.accumulate, dbias.accumulate]],
      );
    });
  }
  if (training) {
    mean.dispose();
    variance.dispose();
  }
  return y;
}

function statisticsOf(x: Tensor, batch: number, channels: number, inner: number): RunningStatistics {
  const mean = Tensor.empty(x.backend, [channels]);
  const variance = Tensor.empty(x.backend, [channels]);
  x.backend.encode('batch_norm.statistics', [x.buffer, mean.buffer, variance.buffer], [batch, channels, inner]);
  return { mean, variance };
}

function givenStatistics(running: RunningStatistics | undefined): RunningStatistics {
  ensure(
    running !== undefined,
    'invalid-argument',
    () => 'batchNorm: outside training it normalises with running statistics, found none',
  );
  return running;
}
