import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { clipFactor } from '../global_norm/webgpu.ts';

export const rmspropWebGpu: WebGpuKernels = {
  'rmsprop.step': (command, recording) => {
    const alpha = command.scalar('alpha');
    const norm = command.bufferIfAny('norm');
    for (const member of command.members()) {
      const mean = member.bufferIfAny('mean');
      const b = member.bufferIfAny('b');
      recording.run({
        count: member.scalar('count'),
        reads: { norm, g: member.buffer('g') },
        writes: { weight: member.buffer('p'), v: member.buffer('v'), mean, b },
        f32: {
          learningRate: command.scalar('learningRate'),
          alpha,
          rest: 1 - alpha,
          eps: command.scalar('eps'),
          momentum: command.scalar('momentum'),
          weightDecay: member.scalar('weightDecay'),
          maxNorm: command.scalar('maxNorm'),
        },
        // WGSL leaves open what max makes of NaN
        functions: `${clipFactor}
fn at_least_zero(x: f32) -> f32 { if (x < 0.0) { return 0.0; } return x; }
`,
        body: `let gradient = ${norm === undefined ? 'g[i]' : 'clip_factor(norm[0]) * g[i]'} + p.weightDecay * weight[i];
  let square_average = p.alpha * v[i] + p.rest * (gradient * gradient);
  v[i] = square_average;
  var variance = square_average;
  ${
    mean === undefined
      ? ''
      : `let average = p.alpha * mean[i] + p.rest * gradient;
  mean[i] = average;
  variance = at_least_zero(square_average - average * average);`
  }
  var direction = gradient / (sqrt(variance) + p.eps);
  ${b === undefined ? '' : 'direction = p.momentum * b[i] + direction;\n  b[i] = direction;'}
  weight[i] = weight[i] - p.learningRate * direction;`,
      });
    }
  },
};
