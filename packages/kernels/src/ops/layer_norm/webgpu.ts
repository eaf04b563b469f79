import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import { reduce } from '../../webgpu/reduction.ts';

export const layerNormWebGpu: WebGpuKernels = {
  'layer_norm.forward': (command, recording) => {
    const [rows, width] = [command.scalar('rows'), command.scalar('width')];
    const x = command.buffer('x');
    const gain = command.bufferIfAny('gain');
    const bias = command.bufferIfAny('bias');
    const mean = command.bufferIfAny('mean') ?? recording.scratch(rows);
    const rstd = command.bufferIfAny('rstd') ?? recording.scratch(rows);
    const overRow = { extents: [rows, width], strides: { x: [width, 1] }, targetStrides: [1, 0] };
    const u32 = { width };
    reduce(recording, { ...overRow, reads: { x }, u32, term: 'x[at_x]', finish: 'total / f32(p.width)', target: mean });
    reduce(recording, {
      ...overRow,
      reads: { x, mean },
      u32,
      f32: { eps: command.scalar('eps') },
      functions: math,
      term: 'square(x[at_x] - mean[at_x / p.width])',
      finish: '1.0 / sqrt(total / f32(p.width) + p.eps)',
      target: rstd,
    });
    recording.run({
      count: rows * width,
      reads: { x, mean, rstd, gain, bias },
      writes: { y: command.buffer('y') },
      u32,
      body: `let row = i / p.width;
  let column = i % p.width;
  var value = (x[i] - mean[row]) * rstd[row];
  ${gain === undefined ? '' : 'value = value * gain[column];'}
  ${bias === undefined ? '' : 'value = value + bias[column];'}
  y[i] = value;`,
    });
  },

  'layer_norm.backward': (command, recording) => {
    const [rows, width] = [command.scalar('rows'), command.scalar('width')];
    const [dy, x, mean, rstd] = ['dy', 'x', 'mean', 'rstd'].map((name) => command.buffer(name));
    const gain = command.bufferIfAny('gain');
    const [dx, dgain, dbias] = ['dx', 'dgain', 'dbias'].map((name) => command.bufferIfAny(name));
    const u32 = { width };
    const g = (at: string) => (gain === undefined ? `dy[${at}]` : `(dy[${at}] * gain[${at} % p.width])`);
    const normalized = (at: string) => `((x[${at}] - mean[${at} / p.width]) * rstd[${at} / p.width])`;
    if (dx !== undefined) {
      const overRow = { extents: [rows, width], strides: { x: [width, 1] }, targetStrides: [1, 0] };
      const [meanG, meanGX] = [recording.scratch(rows), recording.scratch(rows)];
      const finish = 'total / f32(p.width)';
      reduce(recording, { ...overRow, reads: { dy, gain }, u32, term: g('at_x'), finish, target: meanG });
      reduce(recording, {
        ...overRow,
        reads: { dy, gain, x, mean, rstd },
        u32,
        term: `${g('at_x')} * ${normalized('at_x')}`,
        finish,
        target: meanGX,
      });
      recording.run({
        count: rows * width,
        reads: { dy, x, gain, mean, rstd, meanG, meanGX },
        writes: { dx },
        u32,
        body: `let row = i / p.width;
  dx[i] ${command.flag('accumulateX') ? '+=' : '='} rstd[row] * (${g('i')} - meanG[row] - ${normalized('i')} * meanGX[row]);`,
      });
    }
    const overRows = { extents: [rows, width], strides: { x: [width, 1] }, targetStrides: [0, 1] };
    if (dgain !== undefined) {
      reduce(recording, {
        ...overRows,
        reads: { dy, x, mean, rstd },
        u32,
        term: `dy[at_x] * ${normalized('at_x')}`,
        target: dgain,
        accumulate: command.flag('accumulateGain'),
      });
    }
    if (dbias !== undefined) {
      reduce(recording, {
        ...overRows,
        reads: { dy },
        term: 'dy[at_x]',
        target: dbias,
        accumulate: command.flag('accumulateBias'),
      });
    }
  },
};
