import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { clipFactor } from '../global_norm/webgpu.ts';

export const adagradWebGpu: WebGpuKernels = {
  'adagrad.step': (command, recording) => {
    const norm = command.bufferIfAny('norm');
    for (const member of command.members()) {
      recording.run({
        count: member.scalar('count'),
        reads: { norm, g: member.buffer('g') },
        writes: { weight: member.buffer('p'), s: member.buffer('s') },
        f32: {
          learningRate: command.scalar('learningRate'),
          eps: command.scalar('eps'),
          weightDecay: member.scalar('weightDecay'),
          maxNorm: command.scalar('maxNorm'),
        },
        functions: clipFactor,
        body: `let gradient = ${norm === undefined ? 'g[i]' : 'clip_factor(norm[0]) * g[i]'} + p.weightDecay * weight[i];
  let sum = s[i] + gradient * gradient;
  s[i] = sum;
  weight[i] = weight[i] - p.learningRate * (gradient / (sqrt(sum) + p.eps));`,
      });
    }
  },
};
