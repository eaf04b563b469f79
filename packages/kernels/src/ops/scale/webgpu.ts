import type { WebGpuKernels } from '../../webgpu/kernel.ts';

export const scaleWebGpu: WebGpuKernels = {
  'scale.forward': (command, recording) => {
    recording.run({
      count: command.scalar('count'),
      reads: { x: command.buffer('x') },
      writes: { y: command.buffer('y') },
      f32: { factor: command.scalar('factor') },
      body: command.flag('accumulate') ? 'y[i] = fma(x[i], p.factor, y[i]);' : 'y[i] = x[i] * p.factor;',
    });
  },
};
