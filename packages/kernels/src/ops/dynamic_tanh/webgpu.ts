import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import { reduce } from '../../webgpu/reduction.ts';

export const dynamicTanhWebGpu: WebGpuKernels = {
  'dynamic_tanh.forward': (command, recording) => {
    const width = command.scalar('width');
    const gain = command.bufferIfAny('gain');
    const bias = command.bufferIfAny('bias');
    recording.run({
      count: command.scalar('rows') * width,
      reads: { x: command.buffer('x'), alpha: command.buffer('alpha'), gain, bias },
      writes: { y: command.buffer('y') },
      u32: { width },
      functions: math,
      body: `let column = i % p.width;
  var value = hyperbolic_tangent(alpha[0] * x[i]);
  ${gain === undefined ? '' : 'value = value * gain[column];'}
  ${bias === undefined ? '' : 'value = value + bias[column];'}
  y[i] = value;`,
    });
  },

  'dynamic_tanh.backward': (command, recording) => {
    const rows = command.scalar('rows');
    const width = command.scalar('width');
    const gain = command.bufferIfAny('gain');
    const [dx, dalpha, dgain, dbias] = ['dx', 'dalpha', 'dgain', 'dbias'].map((name) => command.bufferIfAny(name));
    const [dy, x, alpha] = [command.buffer('dy'), command.buffer('x'), command.buffer('alpha')];
    // g = dy gain (1 - t²), of the element at dy[at] and column `column`
    const g = (at: string, column: string) => {
      const scaled = gain === undefined ? `dy[${at}]` : `dy[${at}] * gain[${column}]`;
      return `${scaled} * (1.0 - square(hyperbolic_tangent(alpha[0] * x[${at}])))`;
    };
    const reads = { dy, x, alpha, gain };
    if (dx !== undefined) {
      recording.run({
        count: rows * width,
        reads,
        writes: { dx },
        u32: { width },
        functions: math,
        body: `dx[i] ${command.flag('accumulateX') ? '+=' : '='} alpha[0] * ${g('i', '(i % p.width)')};`,
      });
    }
    if (dalpha !== undefined) {
      reduce(recording, {
        extents: [rows * width],
        strides: { dy: [1] },
        targetStrides: [0],
        reads,
        u32: { width },
        functions: math,
        term: `${g('at_dy', '(at_dy % p.width)')} * x[at_dy]`,
        target: dalpha,
        accumulate: command.flag('accumulateAlpha'),
      });
    }
    const overRows = { extents: [rows, width], strides: { dy: [width, 1] }, targetStrides: [0, 1] };
    if (dgain !== undefined) {
      reduce(recording, {
        ...overRows,
        reads: { dy, x, alpha },
        functions: math,
        term: 'dy[at_dy] * hyperbolic_tangent(alpha[0] * x[at_dy])',
        target: dgain,
        accumulate: command.flag('accumulateGain'),
      });
    }
    if (dbias !== undefined) {
      reduce(recording, {
        ...overRows,
        reads: { dy },
        term: 'dy[at_dy]',
        target: dbias,
        accumulate: command.flag('accumulateBias'),
      });
    }
  },
};
