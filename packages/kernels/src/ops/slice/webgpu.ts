import { words } from '../../webgpu/dispatch.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';

export const sliceWebGpu: WebGpuKernels = {
  'slice.forward': (command, recording) => {
    const inner = command.scalar('inner');
    const run = command.scalar('length') * inner;
    const [x, y] = [command.buffer('x'), command.buffer('y')];
    const accumulate = command.flag('accumulate');
    recording.run({
      count: command.scalar('outer') * run,
      reads: { x: accumulate ? x : words(x) },
      writes: { y: accumulate ? y : words(y) },
      u32: { run, xRun: command.scalar('xLength') * inner, start: command.scalar('start') * inner },
      body: `y[i] ${accumulate ? '+=' : '='} x[(i / p.run) * p.xRun + p.start + i % p.run];`,
    });
  },

  'slice.backward': (command, recording) => {
    const inner = command.scalar('inner');
    const run = command.scalar('length') * inner;
    const xRun = command.scalar('xLength') * inner;
    const u32 = { run, xRun, start: command.scalar('start') * inner };
    const outer = command.scalar('outer');
    const [dy, dx] = [command.buffer('dy'), command.buffer('dx')];
    if (command.flag('accumulate')) {
      recording.run({
        count: outer * run,
        reads: { dy },
        writes: { dx },
        u32,
        body: 'dx[(i / p.run) * p.xRun + p.start + i % p.run] += dy[i];',
      });
      return;
    }
    recording.run({
      count: outer * xRun,
      reads: { dy: words(dy) },
      writes: { dx: words(dx) },
      u32,
      body: `let at = i % p.xRun;
  if (at < p.start || at - p.start >= p.run) { dx[i] = 0u; return; }
  dx[i] = dy[(i / p.xRun) * p.run + at - p.start];`,
    });
  },
};
