import { channelAt, channelSizes } from '../../webgpu/channels.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';

export const localResponseNormWebGpu: WebGpuKernels = {
  'local_response_norm.forward': (command, recording) => {
    const { size: elements, u32 } = channelSizes(command);
    const size = command.scalar('size');
    const divisor = command.bufferIfAny('divisor');
    recording.run({
      count: elements,
      reads: { x: command.buffer('x') },
      writes: { y: command.buffer('y'), divisor },
      u32: { ...u32, before: Math.floor(size / 2), after: Math.floor((size - 1) / 2) },
      f32: { share: command.scalar('alpha') / size, beta: command.scalar('beta'), k: command.scalar('k') },
      functions: math,
      body: `let c = ${channelAt('i')};
  var squares = 0.0;
  for (var at = i - min(c, p.before) * p.inner; at <= i + min(p.channels - 1u - c, p.after) * p.inner; at += p.inner) {
    squares += x[at] * x[at];
  }
  let divided_by = p.k + p.share * squares;
  y[i] = x[i] * power(divided_by, -p.beta);
  ${divisor === undefined ? '' : 'divisor[i] = divided_by;'}`,
    });
  },

  'local_response_norm.backward': (command, recording) => {
    const { size: elements, u32 } = channelSizes(command);
    const size = command.scalar('size');
    const [dy, x, y, divisor] = ['dy', 'x', 'y', 'divisor'].map((name) => command.buffer(name));
    recording.run({
      count: elements,
      reads: { dy, x, y, divisor },
      writes: { dx: command.buffer('dx') },
      u32: { ...u32, before: Math.floor((size - 1) / 2), after: Math.floor(size / 2) },
      f32: {
        share: (2 * command.scalar('alpha') * command.scalar('beta')) / size,
        beta: command.scalar('beta'),
      },
      functions: math,
      body: `let c = ${channelAt('i')};
  var pull = 0.0;
  for (var at = i - min(c, p.before) * p.inner; at <= i + min(p.channels - 1u - c, p.after) * p.inner; at += p.inner) {
    pull += dy[at] * y[at] / divisor[at];
  }
  dx[i] ${command.flag('accumulate') ? '+=' : '='} dy[i] * power(divisor[i], -p.beta) - p.share * x[i] * pull;`,
    });
  },
};
