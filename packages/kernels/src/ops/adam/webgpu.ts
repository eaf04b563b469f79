import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { clipFactor } from '../global_norm/webgpu.ts';

export const adamWebGpu: WebGpuKernels = {
  'adam.step': (command, recording) => {
    const [learningRate, beta1, beta2] = ['learningRate', 'beta1', 'beta2'].map((name) => command.scalar(name));
    const decoupled = command.flag('decoupled');
    const norm = command.bufferIfAny('norm');
    for (const member of command.members()) {
      const weightDecay = member.scalar('weightDecay');
      const largest = member.bufferIfAny('largest');
      recording.run({
        count: member.scalar('count'),
        reads: { norm, g: member.buffer('g') },
        writes: { weight: member.buffer('p'), m: member.buffer('m'), v: member.buffer('v'), largest },
        f32: {
          learningRate: learningRate!,
          beta1: beta1!,
          beta2: beta2!,
          rest1: 1 - beta1!,
          rest2: 1 - beta2!,
          eps: command.scalar('eps'),
          correction1: command.scalar('correction1'),
          correction2: command.scalar('correction2'),
          decay: decoupled ? 1 - learningRate! * weightDecay : weightDecay,
          maxNorm: command.scalar('maxNorm'),
        },
        // WGSL leaves open what max makes of NaN
        functions: `${clipFactor}
fn larger(a: f32, b: f32) -> f32 { if (is_nan(a)) { return a; } if (is_nan(b)) { return b; } return max(a, b); }
`,
        body: `let clipped = ${norm === undefined ? 'g[i]' : 'clip_factor(norm[0]) * g[i]'};
  let before = weight[i]${decoupled ? ' * p.decay' : ''};
  let gradient = clipped${decoupled ? '' : ' + p.decay * weight[i]'};
  let first = p.beta1 * m[i] + p.rest1 * gradient;
  let second = p.beta2 * v[i] + p.rest2 * (gradient * gradient);
  m[i] = first;
  v[i] = second;
  ${largest === undefined ? 'let scale = second;' : 'let scale = larger(largest[i], second);\n  largest[i] = scale;'}
  weight[i] = before - p.learningRate * ((first / p.correction1) / (sqrt(scale / p.correction2) + p.eps));`,
      });
    }
  },
};
