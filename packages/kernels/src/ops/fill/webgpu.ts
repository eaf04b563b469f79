import type { WebGpuKernels } from '../../webgpu/kernel.ts';

export const fillWebGpu: WebGpuKernels = {
  'fill.forward': (command, recording) => {
    recording.run({
      count: command.scalar('count'),
      writes: { y: command.buffer('y') },
      f32: { value: command.scalar('value') },
      body: 'y[i] = p.value;',
    });
  },
};
