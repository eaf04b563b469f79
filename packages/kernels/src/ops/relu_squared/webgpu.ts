import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';

export const reluSquaredWebGpu: WebGpuKernels = {
  'relu_squared.forward': (command, recording) => {
    recording.run({
      count: command.scalar('count'),
      reads: { x: command.buffer('x') },
      writes: { y: command.buffer('y') },
      functions: math,
      body: 'y[i] = select(0.0, x[i] * x[i], x[i] > 0.0 || is_nan(x[i]));',
    });
  },

  // 2 dy first: 2 x may leave float32 where the product does not
  'relu_squared.backward': (command, recording) => {
    recording.run({
      count: command.scalar('count'),
      reads: { dy: command.buffer('dy'), x: command.buffer('x') },
      writes: { dx: command.buffer('dx') },
      body: `dx[i] ${command.flag('accumulate') ? '+=' : '='} select(0.0, 2.0 * dy[i] * x[i], x[i] > 0.0);`,
    });
  },
};
