import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import { reduce } from '../../webgpu/reduction.ts';

export const logsumexpWebGpu: WebGpuKernels = {
  'logsumexp.sum': (command, recording) => {
    const { extents, strides } = command.loop();
    reduce(recording, {
      extents,
      strides: { x: strides[0]!, top: strides[1]! },
      targetStrides: strides[2]!,
      reads: { x: command.buffer('x'), top: command.buffer('top') },
      functions: math,
      term: 'exponential(x[at_x] - top[at_top])',
      target: command.buffer('sum'),
    });
  },

  'logsumexp.forward': (command, recording) => {
    recording.run({
      count: command.scalar('count'),
      reads: { top: command.buffer('top'), sum: command.buffer('sum') },
      writes: { y: command.buffer('y') },
      functions: math,
      body: `if (is_nan(top[i]) || abs(top[i]) == p.infinity) { y[i] = top[i]; return; }
  y[i] = top[i] + logarithm(sum[i]);`,
    });
  },

  'logsumexp.backward': (command, recording) => {
    const { extents, strides } = command.loop();
    reduce(recording, {
      extents,
      strides: { dy: strides[0]!, x: strides[1]!, top: strides[2]!, sum: strides[3]! },
      targetStrides: strides[4]!,
      reads: {
        dy: command.buffer('dy'),
        x: command.buffer('x'),
        top: command.buffer('top'),
        sum: command.buffer('sum'),
      },
      functions: math,
      term: 'dy[at_dy] * exponential(x[at_x] - top[at_top]) / sum[at_sum]',
      target: command.buffer('dx'),
      accumulate: command.flag('accumulate'),
    });
  },
};
