import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { multiply } from '../../webgpu/products.ts';
import { reduce } from '../../webgpu/reduction.ts';

export const linearWebGpu: WebGpuKernels = {
  'linear.forward': (command, recording) => {
    multiply(recording, {
      m: command.scalar('rows'),
      n: command.scalar('out'),
      k: command.scalar('in'),
      a: command.buffer('x'),
      b: command.buffer('weight'),
      transposeB: true,
      bias: command.bufferIfAny('bias'),
      residual: command.bufferIfAny('residual'),
      y: command.buffer('y'),
    });
  },

  'linear.backward': (command, recording) => {
    const [rows, width, out] = [command.scalar('rows'), command.scalar('in'), command.scalar('out')];
    const dy = command.buffer('dy');
    const [dx, dweight, dbias] = ['dx', 'dweight', 'dbias'].map((name) => command.bufferIfAny(name));
    if (dx !== undefined) {
      const b = command.buffer('weight');
      multiply(recording, { m: rows, n: width, k: out, a: dy, b, y: dx, accumulate: command.flag('accumulateX') });
    }
    if (dweight !== undefined) {
      multiply(recording, {
        m: out,
        n: width,
        k: rows,
        a: dy,
        transposeA: true,
        b: command.buffer('x'),
        y: dweight,
        accumulate: command.flag('accumulateWeight'),
      });
    }
    if (dbias !== undefined) {
      reduce(recording, {
        extents: [rows, out],
        strides: { dy: [out, 1] },
        targetStrides: [0, 1],
        reads: { dy },
        term: 'dy[at_dy]',
        target: dbias,
        accumulate: command.flag('accumulateBias'),
      });
    }
  },
};
