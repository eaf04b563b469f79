import type { Tensor } from '../../tensor.ts';
import { channelsOf } from '../channels.ts';
import { normOfGroups } from '../group_norm/op.ts';
import type { KernelSignature } from '../signature.ts';

/** Runs on `group_norm.forward` and `group_norm.backward` with one channel a group. */
export const instanceNormKernels: readonly KernelSignature[] = [];

/** Instance normalisation (Ulyanov et al. 2016): every channel of every batch entry by itself. x [batch, channels, ...]; gain, bias [channels]. */
export function instanceNorm(x: Tensor, gain?: Tensor, bias?: Tensor, eps = 1e-5): Tensor {
  const { channels } = channelsOf('instanceNorm', x);
  return normOfGroups('instanceNorm', x, Math.max(1, channels), gain, bias, eps);
}
