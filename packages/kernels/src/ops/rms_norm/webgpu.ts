import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { reduce } from '../../webgpu/reduction.ts';

export const rmsNormWebGpu: WebGpuKernels = {
  'rms_norm.forward': (command, recording) => {
    const [rows, width] = [command.scalar('rows'), command.scalar('width')];
    const x = command.buffer('x');
    const gain = command.bufferIfAny('gain');
    const rstd = command.bufferIfAny('rstd') ?? recording.scratch(rows);
    reduce(recording, {
      extents: [rows, width],
      strides: { x: [width, 1] },
      targetStrides: [1, 0],
      reads: { x },
      u32: { width },
      f32: { eps: command.scalar('eps') },
      term: 'x[at_x] * x[at_x]',
      finish: '1.0 / sqrt(total / f32(p.width) + p.eps)',
      target: rstd,
    });
    recording.run({
      count: rows * width,
      reads: { x, rstd, gain },
      writes: { y: command.buffer('y') },
      u32: { width },
      f32: { gainOffset: command.scalar('gainOffset') },
      body: `var value = x[i] * rstd[i / p.width];
  ${gain === undefined ? '' : 'value = value * (gain[i % p.width] + p.gainOffset);'}
  y[i] = value;`,
    });
  },

  'rms_norm.backward': (command, recording) => {
    const [rows, width] = [command.scalar('rows'), command.scalar('width')];
    const [dy, x, rstd] = ['dy', 'x', 'rstd'].map((name) => command.buffer(name));
    const gain = command.bufferIfAny('gain');
    const [dx, dgain] = ['dx', 'dgain'].map((name) => command.bufferIfAny(name));
    const u32 = { width };
    const f32 = { gainOffset: command.scalar('gainOffset') };
    const g = (at: string) => (gain === undefined ? `dy[${at}]` : `dy[${at}] * (gain[${at} % p.width] + p.gainOffset)`);
    if (dx !== undefined) {
      const meanGX = recording.scratch(rows);
      reduce(recording, {
        extents: [rows, width],
        strides: { x: [width, 1] },
        targetStrides: [1, 0],
        reads: { dy, x, gain },
        u32,
        f32,
        term: `${g('at_x')} * x[at_x]`,
        finish: 'total / f32(p.width)',
        target: meanGX,
      });
      recording.run({
        count: rows * width,
        reads: { dy, x, gain, rstd, meanGX },
        writes: { dx },
        u32,
        f32,
        body: `let row = i / p.width;
  let r = rstd[row];
  dx[i] ${command.flag('accumulateX') ? '+=' : '='} r * (${g('i')} - (x[i] * r) * (r * meanGX[row]));`,
      });
    }
    if (dgain !== undefined) {
      reduce(recording, {
        extents: [rows, width],
        strides: { x: [width, 1] },
        targetStrides: [0, 1],
        reads: { dy, x, rstd },
        u32,
        term: 'dy[at_x] * (x[at_x] * rstd[at_x / p.width])',
        target: dgain,
        accumulate: command.flag('accumulateGain'),
      });
    }
  },
};
