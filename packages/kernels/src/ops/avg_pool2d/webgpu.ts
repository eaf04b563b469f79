import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { countOf, eachOutput, poolScalars, windowOfOutput } from '../pools_webgpu.ts';

const inside = 'f32((window.bottom - window.top) * (window.right - window.left))';

export const avgPool2dWebGpu: WebGpuKernels = {
  'avg_pool2d.forward': (command, recording) => {
    recording.run({
      count: countOf(command, 'output'),
      reads: { x: command.buffer('x') },
      writes: { y: command.buffer('y') },
      u32: poolScalars(command),
      functions: windowOfOutput,
      body: `let window = window_of(i);
  var sum = 0.0;
  for (var row = window.top; row < window.bottom; row++) {
    for (var column = window.left; column < window.right; column++) {
      sum += x[(window.plane * p.height + row) * p.width + column];
    }
  }
  y[i] = sum / ${command.flag('countPadding') ? 'window.padded' : inside};`,
    });
  },

  'avg_pool2d.backward': (command, recording) => {
    recording.run({
      count: countOf(command, 'input'),
      reads: { dy: command.buffer('dy') },
      writes: { dx: command.buffer('dx') },
      u32: poolScalars(command),
      functions: windowOfOutput,
      body: `var total = 0.0;
  ${eachOutput(`let window = window_of(at);
      total += dy[at] / ${command.flag('countPadding') ? 'window.padded' : inside};`)}
  dx[i] ${command.flag('accumulateX') ? '+=' : '='} total;`,
    });
  },
};
