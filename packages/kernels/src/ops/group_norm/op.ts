import { ensure } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { channelsOf } from '../channels.ts';
import { backendOf, bufferOrNone, ensureFloats, ensureShape, savedOrNone } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x, y [batch, channels, inner]; gain, bias [channels]; mean, rstd [batch, groups]. A group is channels / groups neighbouring channels of
 * one batch entry, n = channels / groups * inner elements that lie together. For each group:
 *
 *     mean = 1/n sum x     rstd = 1 / sqrt(1/n sum (x - mean)² + eps)     xhat = (x - mean) rstd     y = xhat gain[c] + bias[c]
 *
 *     backward   g       = dy gain[c]
 *                dx    (+)= rstd (g - mean(g) - xhat mean(g xhat))       means over the group
 *                dgain (+)= sum over batch and inner of dy xhat
 *                dbias (+)= sum over batch and inner of dy
 *
 * An absent gain is 1, an absent bias 0. mean and rstd are absent where no gradient is wanted. groups divides channels.
 */
export const groupNormKernels: readonly KernelSignature[] = [
  {
    name: 'group_norm.forward',
    reads: ['x', 'gain?', 'bias?'],
    writes: ['y', 'mean?', 'rstd?'],
    scalars: ['batch', 'channels', 'inner', 'groups', 'eps'],
  },
  {
    name: 'group_norm.backward',
    reads: ['dy', 'x', 'gain?', 'mean', 'rstd'],
    writes: ['dx?', 'dgain?', 'dbias?'],
    scalars: ['batch', 'channels', 'inner', 'groups', 'accumulateX', 'accumulateGain', 'accumulateBias'],
  },
];

/** Group normalisation (Wu and He 2018, eq. 2 to 7). x [batch, channels, ...]; gain, bias [channels]; `groups` divides channels. */
export function groupNorm(x: Tensor, groups: number, gain?: Tensor, bias?: Tensor, eps = 1e-5): Tensor {
  return normOfGroups('groupNorm', x, groups, gain, bias, eps);
}

/** Shared with instanceNorm, whose groups are the channels. */
export function normOfGroups(
  op: string,
  x: Tensor,
  groups: number,
  gain: Tensor | undefined,
  bias: Tensor | undefined,
  eps: number,
): Tensor {
  ensureFloats(op, { x, gain, bias });
  const backend = backendOf(op, x, gain, bias);
  const { batch, channels, inner } = channelsOf(op, x);
  ensure(
    Number.isInteger(groups) && groups >= 1 && channels % groups === 0,
    'invalid-argument',
    () => `${op}: the number of groups divides the ${channels} channels, found ${groups}`,
  );
  ensureShape(op, 'gain', gain, [channels]);
  ensureShape(op, 'bias', bias, [channels]);
  const y = Tensor.empty(backend, x.shape);
  const recorded = needsGradient(x, gain, bias);
  const mean = recorded ? Tensor.empty(backend, [batch, groups]) : undefined;
  const rstd = recorded ? Tensor.empty(backend, [batch, groups]) : undefined;
  const sizes = [batch, channels, inner, groups];
  backend.encode(
    'group_norm.forward',
    [x.buffer, bufferOrNone(gain), bufferOrNone(bias), y.buffer, bufferOrNone(mean), bufferOrNone(rstd)],
    [...sizes, eps],
  );
  if (recorded) {
    recordGradient(y, [x, gain, bias], [x, gain, mean, rstd], (dy, sink) => {
      const dx = sink.into(x);
      const dgain = sink.into(gain);
      const dbias = sink.into(bias);
      const reads = [dy.buffer, x.storage.id, savedOrNone(gain), savedOrNone(mean), savedOrNone(rstd)];
      backend.encode(
        'group_norm.backward',
        [...reads, dx.buffer, dgain.buffer, dbias.buffer],
        [...sizes, dx.accumulate, dgain.accumulate, dbias.accumulate],
      );
    });
  }
  mean?.dispose();
  rstd?.dispose();
  return y;
}
