import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';

export const activationSparseLinearWebGpu: WebGpuKernels = {
  'activation_sparse_linear.forward': (command, recording) => {
    const [width, out] = [command.scalar('in'), command.scalar('out')];
    const bias = command.bufferIfAny('bias');
    recording.run({
      count: command.scalar('rows') * out,
      reads: { x: command.buffer('x'), columns: command.buffer('columns'), bias },
      writes: { y: command.buffer('y') },
      u32: { width, out },
      f32: { threshold: command.scalar('threshold') },
      functions: math,
      body: `let o = i % p.out;
  let row = (i / p.out) * p.width;
  var total = 0.0;
  for (var start = 0u; start < p.width; start += 64u) {
    var part = 0.0;
    for (var c = start; c < min(start + 64u, p.width); c++) {
      let value = x[row + c];
      if (abs(value) > p.threshold || is_nan(value)) { part = fma(value, columns[c * p.out + o], part); }
    }
    total += part;
  }
  y[i] = total${bias === undefined ? '' : ' + bias[o]'};`,
    });
  },
};
