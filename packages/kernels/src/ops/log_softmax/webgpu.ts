import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import { reduce } from '../../webgpu/reduction.ts';
import { lineAt, lineOf, overLines } from '../softmax/webgpu.ts';

export const logSoftmaxWebGpu: WebGpuKernels = {
  'log_softmax.forward': (command, recording) => {
    const [outer, width, inner] = [command.scalar('outer'), command.scalar('width'), command.scalar('inner')];
    const [x, y] = [command.buffer('x'), command.buffer('y')];
    const [largest, logSum] = [recording.scratch(outer * inner), recording.scratch(outer * inner)];
    const u32 = { width, inner };
    reduce(recording, { ...overLines(command), reads: { x }, largest: true, term: 'x[at_x]', target: largest });
    reduce(recording, {
      ...overLines(command),
      reads: { x, largest },
      u32,
      functions: math,
      term: `exponential(x[at_x] - largest[${lineAt('at_x')}])`,
      target: logSum,
      finish: 'logarithm(total)',
    });
    recording.run({
      count: outer * width * inner,
      reads: { x, largest, logSum },
      writes: { y },
      u32,
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
