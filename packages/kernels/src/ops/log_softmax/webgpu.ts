import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import { reduce } from '../../webgpu/reduction.ts';
import { exponentialSums, lineOf, overLines } from '../softmax/webgpu.ts';

export const logSoftmaxWebGpu: WebGpuKernels = {
  'log_softmax.forward': (command, recording) => {
    const [outer, width, inner] = [command.scalar('outer'), command.scalar('width'), command.scalar('inner')];
    const x = command.buffer('x');
    const { largest, sum: logSum } = exponentialSums(command, recording, 'logarithm(total)');
    recording.run({
      count: outer * width * inner,
      reads: { x, largest, logSum },
      writes: { y: command.buffer('y') },
      u32: { width, inner },
      body: `${lineOf}
  y[i] = x[i] - largest[line] - logSum[line];`,
    });
  },

  'log_softmax.backward': (command, recording) => {
    const [outer, width, inner] = [command.scalar('outer'), command.scalar('width'), command.scalar('inner')];
    const [dy, y, dx] = [command.buffer('dy'), command.buffer('y'), command.buffer('dx')];
    const sum = recording.scratch(outer * inner);
    reduce(recording, { ...overLines(command), reads: { dy }, term: 'dy[at_x]', target: sum });
    recording.run({
      count: outer * width * inner,
      reads: { dy, y, sum },
      writes: { dx },
      u32: { width, inner },
      functions: math,
      body: `${lineOf}
  dx[i] ${command.flag('accumulate') ? '+=' : '='} dy[i] - exponential(y[i]) * sum[line];`,
    });
  },
};
