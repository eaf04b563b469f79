import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { clipFactor } from '../global_norm/webgpu.ts';

export const sgdWebGpu: WebGpuKernels = {
  'sgd.step': (command, recording) => {
    const norm = command.bufferIfAny('norm');
    const velocity = command.flag('firstStep') ? 'gradient' : 'p.momentum * b[i] + p.undamped * gradient';
    const direction = command.flag('nesterov') ? 'gradient + p.momentum * b[i]' : 'b[i]';
    for (const member of command.members()) {
      const b = member.bufferIfAny('b');
      recording.run({
        count: member.scalar('count'),
        reads: { norm, g: member.buffer('g') },
        writes: { weight: member.buffer('p'), b },
        f32: {
          learningRate: command.scalar('learningRate'),
          momentum: command.scalar('momentum'),
          undamped: 1 - command.scalar('dampening'),
          weightDecay: member.scalar('weightDecay'),
          maxNorm: command.scalar('maxNorm'),
        },
        functions: clipFactor,
        body: `let gradient = ${norm === undefined ? 'g[i]' : 'clip_factor(norm[0]) * g[i]'} + p.weightDecay * weight[i];
  ${b === undefined ? '' : `b[i] = ${velocity};`}
  weight[i] = weight[i] - p.learningRate * (${b === undefined ? 'gradient' : direction});`,
      });
    }
  },
};
