import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { multiply } from '../../webgpu/products.ts';

export const matmulWebGpu: WebGpuKernels = {
  'matmul.forward': (command, recording) => {
    const { extents, strides } = command.loop();
    multiply(recording, {
      m: command.scalar('m'),
      n: command.scalar('n'),
      k: command.scalar('k'),
      a: command.buffer('a'),
      b: command.buffer('b'),
      y: command.buffer('y'),
      transposeA: command.flag('transposeA'),
      transposeB: command.flag('transposeB'),
      accumulate: command.flag('accumulate'),
      batch: { extents, strides: { a: strides[0]!, b: strides[1]!, y: strides[2]! } },
    });
  },
};
