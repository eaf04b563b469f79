import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { reduce } from '../../webgpu/reduction.ts';

export const sumWebGpu: WebGpuKernels = {
  'sum.forward': (command, recording) => {
    const { extents, strides } = command.loop();
    reduce(recording, {
      extents,
      strides: { x: strides[0]! },
      targetStrides: strides[1]!,
      reads: { x: command.buffer('x') },
      f32: { factor: command.scalar('factor') },
      term: 'x[at_x]',
      finish: 'total * p.factor',
      target: command.buffer('y'),
      accumulate: command.flag('accumulate'),
    });
  },
};
