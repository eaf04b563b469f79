import { integers } from '../../webgpu/dispatch.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import { countOf, eachOutput, poolScalars, windowOfOutput } from '../pools_webgpu.ts';

export const maxPool2dWebGpu: WebGpuKernels = {
  'max_pool2d.forward': (command, recording) => {
    const place = command.bufferIfAny('place');
    recording.run({
      count: countOf(command, 'output'),
      reads: { x: command.buffer('x') },
      writes: { y: command.buffer('y'), place: place && integers(place) },
      u32: poolScalars(command),
      functions: `${math}${windowOfOutput}`,
      body: `let window = window_of(i);
  var best = -p.infinity;
  var found = window.top * p.width + window.left;
  for (var row = window.top; row < window.bottom; row++) {
    for (var column = window.left; column < window.right; column++) {
      let value = x[(window.plane * p.height + row) * p.width + column];
      if (value > best || is_nan(value)) { best = value; found = row * p.width + column; }
    }
  }
  y[i] = best;
  ${place === undefined ? '' : 'place[i] = i32(found);'}`,
    });
  },

  'max_pool2d.backward': (command, recording) => {
    recording.run({
      count: countOf(command, 'input'),
      reads: { dy: command.buffer('dy'), place: integers(command.buffer('place')) },
      writes: { dx: command.buffer('dx') },
      u32: poolScalars(command),
      body: `var total = 0.0;
  ${eachOutput('if (u32(place[at]) == row * p.width + column) { total += dy[at]; }')}
  dx[i] ${command.flag('accumulateX') ? '+=' : '='} total;`,
    });
  },
};
