import { words } from '../../webgpu/dispatch.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { order } from '../../webgpu/order.ts';
import { reduce } from '../../webgpu/reduction.ts';

export const argmaxWebGpu: WebGpuKernels = {
  /** The largest of each line first, then the lowest index that holds it: both as the largest of integers. */
  'argmax.forward': (command, recording) => {
    const [outer, width, inner] = [command.scalar('outer'), command.scalar('width'), command.scalar('inner')];
    const x = words(command.buffer('x'));
    const top = recording.scratch(outer * inner);
    const lines = { extents: [outer, width, inner], targetStrides: [inner, 0, 1], functions: order, ordered: true };
    reduce(recording, {
      ...lines,
      strides: { x: [width * inner, inner, 1] },
      reads: { x },
      term: 'rank_of(x[at_x])',
      finish: 'bitcast<u32>(total)',
      target: top,
    });
    reduce(recording, {
      ...lines,
      // along: no operand, but the index itself
      strides: { x: [width * inner, inner, 1], top: [inner, 0, 1], along: [0, 1, 0] },
      reads: { x, top: words(top) },
      term: 'select(before_all, -i32(at_along), rank_of(x[at_x]) == bitcast<i32>(top[at_top]))',
      finish: 'bitcast<u32>(-total)',
      target: command.buffer('y'),
    });
  },
};
