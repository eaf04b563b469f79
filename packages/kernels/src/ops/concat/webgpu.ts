import { words } from '../../webgpu/dispatch.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';

export const concatWebGpu: WebGpuKernels = {
  'concat.forward': (command, recording) => {
    const inner = command.scalar('inner');
    const run = command.scalar('length') * inner;
    recording.run({
      count: command.scalar('outer') * run,
      reads: { x: words(command.buffer('x')) },
      writes: { y: words(command.buffer('y')) },
      u32: { run, yRun: command.scalar('yLength') * inner, start: command.scalar('start') * inner },
      body: 'y[(i / p.run) * p.yRun + p.start + i % p.run] = x[i];',
    });
  },
};
