import { words } from '../../webgpu/dispatch.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';

export const copyWebGpu: WebGpuKernels = {
  'copy.forward': (command, recording) => {
    recording.run({
      count: command.scalar('count'),
      reads: { x: words(command.buffer('x')) },
      writes: { y: words(command.buffer('y')) },
      body: 'y[i] = x[i];',
    });
  },
};
