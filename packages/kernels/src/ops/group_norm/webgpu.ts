import type { Slot } from '../../webgpu/buffers.ts';
import { channelAt, channelSizes } from '../../webgpu/channels.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import { reduce } from '../../webgpu/reduction.ts';
import type { Command } from '../command.ts';

/** Groups as rows: their elements lie together. */
function groupsOf(command: Command<Slot>) {
  const rows = command.scalar('batch') * command.scalar('groups');
  const width = (command.scalar('channels') / command.scalar('groups')) * command.scalar('inner');
  return { rows, width, overGroup: { extents: [rows, width], strides: { x: [width, 1] }, targetStrides: [1, 0] } };
}

/** WGSL: the normalised element at `at`. */
const normalized = (at: string) => `((x[${at}] - mean[${at} / p.width]) * rstd[${at} / p.width])`;

export const groupNormWebGpu: WebGpuKernels = {
  'group_norm.forward': (command, recording) => {
    const { size, u32 } = channelSizes(command);
    const { rows, width, overGroup } = groupsOf(command);
    const x = command.buffer('x');
    const [gain, bias] = [command.bufferIfAny('gain'), command.bufferIfAny('bias')];
    const mean = command.bufferIfAny('mean') ?? recording.scratch(rows);
    const rstd = command.bufferIfAny('rstd') ?? recording.scratch(rows);
    const sizes = { ...u32, width };
    reduce(recording, {
      ...overGroup,
      reads: { x },
      u32: sizes,
      term: 'x[at_x]',
      finish: 'total / f32(p.width)',
      target: mean,
    });
    reduce(recording, {
      ...overGroup,
      reads: { x, mean },
      u32: sizes,
      f32: { eps: command.scalar('eps') },
      functions: math,
      term: 'square(x[at_x] - mean[at_x / p.width])',
      finish: '1.0 / sqrt(total / f32(p.width) + p.eps)',
      target: rstd,
    });
    recording.run({
      count: size,
      reads: { x, mean, rstd, gain, bias },
      writes: { y: command.buffer('y') },
      u32: sizes,
      body: `let c = ${channelAt('i')};
  var value = ${normalized('i')};
  ${gain === undefined ? '' : 'value = value * gain[c];'}
  ${bias === undefined ? '' : 'value = value + bias[c];'}
  y[i] = value;`,
    });
  },

  'group_norm.backward': (command, recording) => {
    const { size, overChannel, u32 } = channelSizes(command);
    const { rows, width, overGroup } = groupsOf(command);
    const [dy, x, mean, rstd] = ['dy', 'x', 'mean', 'rstd'].map((name) => command.buffer(name));
    const gain = command.bufferIfAny('gain');
    const [dx, dgain, dbias] = ['dx', 'dgain', 'dbias'].map((name) => command.bufferIfAny(name));
    const sizes = { ...u32, width };
    const g = (at: string) => (gain === undefined ? `dy[${at}]` : `(dy[${at}] * gain[${channelAt(at)}])`);
    if (dx !== undefined) {
      const [meanG, meanGX] = [recording.scratch(rows), recording.scratch(rows)];
      const shared = { ...overGroup, u32: sizes, finish: 'total / f32(p.width)' };
      reduce(recording, { ...shared, reads: { dy, gain }, term: g('at_x'), target: meanG });
      const term = `${g('at_x')} * ${normalized('at_x')}`;
      reduce(recording, { ...shared, reads: { dy, gain, x, mean, rstd }, term, target: meanGX });
      recording.run({
        count: size,
        reads: { dy, x, gain, mean, rstd, meanG, meanGX },
        writes: { dx },
        u32: sizes,
        body: `let row = i / p.width;
  dx[i] ${command.flag('accumulateX') ? '+=' : '='} rstd[row] * (${g('i')} - meanG[row] - ${normalized('i')} * meanGX[row]);`,
      });
    }
    if (dgain !== undefined) {
      reduce(recording, {
        ...overChannel,
        reads: { dy, x, mean, rstd },
        u32: sizes,
        term: `dy[at_x] * ${normalized('at_x')}`,
        target: dgain,
        accumulate: command.flag('accumulateGain'),
      });
    }
    if (dbias !== undefined) {
      const accumulate = command.flag('accumulateBias');
      reduce(recording, { ...overChannel, reads: { dy }, term: 'dy[at_x]', target: dbias, accumulate });
    }
  },
};
