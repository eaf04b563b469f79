import type { Command } from '../ops/command.ts';
import type { Slot } from './buffers.ts';
import type { Reduction } from './reduction.ts';

/** Sizes of [batch, channels, inner], and the shapes of sums over batch and inner: one for each channel, of elements at at_x. */
export function channelSizes(command: Command<Slot>) {
  const [batch, channels, inner] = [command.scalar('batch'), command.scalar('channels'), command.scalar('inner')];
  const overChannel: Pick<Reduction, 'extents' | 'strides' | 'targetStrides'> =
    inner === 1
      ? { extents: [batch, channels], strides: { x: [channels, 1] }, targetStrides: [0, 1] }
      : { extents: [batch, channels, inner], strides: { x: [channels * inner, inner, 1] }, targetStrides: [0, 1, 0] };
  return { size: batch * channels * inner, count: batch * inner, overChannel, u32: { channels, inner } };
}

/** WGSL: the channel of an element of [batch, channels, inner]. */
export const channelAt = (at: string) => `((${at} / p.inner) % p.channels)`;
