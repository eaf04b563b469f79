import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { clipFactor } from '../global_norm/webgpu.ts';

export const lionWebGpu: WebGpuKernels = {
  'lion.step': (command, recording) => {
    const [learningRate, beta1, beta2] = ['learningRate', 'beta1', 'beta2'].map((name) => command.scalar(name));
    const norm = command.bufferIfAny('norm');
    for (const member of command.members()) {
      recording.run({
        count: member.scalar('count'),
        reads: { norm, g: member.buffer('g') },
        writes: { weight: member.buffer('p'), m: member.buffer('m') },
        f32: {
          learningRate: learningRate!,
          beta1: beta1!,
          beta2: beta2!,
          rest1: 1 - beta1!,
          rest2: 1 - beta2!,
          decay: 1 - learningRate! * member.scalar('weightDecay'),
          maxNorm: command.scalar('maxNorm'),
        },
        // WGSL leaves the sign of NaN open
        functions: `${clipFactor}
fn sign_of(x: f32) -> f32 { if (is_nan(x)) { return x; } return sign(x); }
`,
        body: `let gradient = ${norm === undefined ? 'g[i]' : 'clip_factor(norm[0]) * g[i]'};
  weight[i] = weight[i] * p.decay - p.learningRate * sign_of(p.beta1 * m[i] + p.rest1 * gradient);
  m[i] = p.beta2 * m[i] + p.rest2 * gradient;`,
      });
    }
  },
};
