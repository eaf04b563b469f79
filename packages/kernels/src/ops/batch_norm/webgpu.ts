import { channelAt, channelSizes } from '../../webgpu/channels.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import { reduce } from '../../webgpu/reduction.ts';

/** WGSL: the normalised element at `at`. */
const normalized = (at: string) => `((x[${at}] - mean[${channelAt(at)}]) / sqrt(variance[${channelAt(at)}] + p.eps))`;

export const batchNormWebGpu: WebGpuKernels = {
  'batch_norm.statistics': (command, recording) => {
    const { count, overChannel, u32 } = channelSizes(command);
    const [x, mean, variance] = [command.buffer('x'), command.buffer('mean'), command.buffer('variance')];
    // 0/0 is NaN, which a device may take for anything when it is written out
    const finish = count === 0 ? 'p.nan' : 'total / p.size';
    const shared = { ...overChannel, u32, f32: { size: count }, functions: math, finish };
    reduce(recording, { ...shared, reads: { x }, term: 'x[at_x]', target: mean });
    const term = `square(x[at_x] - mean[${channelAt('at_x')}])`;
    reduce(recording, { ...shared, reads: { x, mean }, term, target: variance });
  },

  'batch_norm.update': (command, recording) => {
    const momentum = command.scalar('momentum');
    recording.run({
      count: command.scalar('count'),
      reads: { current: command.buffer('current') },
      writes: { running: command.buffer('running') },
      f32: { kept: 1 - momentum, moved: momentum * command.scalar('factor') },
      body: 'running[i] = p.kept * running[i] + p.moved * current[i];',
    });
  },

  'batch_norm.forward': (command, recording) => {
    const { size, u32 } = channelSizes(command);
    const [x, mean, variance] = [command.buffer('x'), command.buffer('mean'), command.buffer('variance')];
    const [gain, bias] = [command.bufferIfAny('gain'), command.bufferIfAny('bias')];
    recording.run({
      count: size,
      reads: { x, mean, variance, gain, bias },
      writes: { y: command.buffer('y') },
      u32,
      f32: { eps: command.scalar('eps') },
      body: `let c = ${channelAt('i')};
  var value = ${normalized('i')};
  ${gain === undefined ? '' : 'value = value * gain[c];'}
  ${bias === undefined ? '' : 'value = value + bias[c];'}
  y[i] = value;`,
    });
  },

  'batch_norm.backward': (command, recording) => {
    const { size, count, overChannel, u32 } = channelSizes(command);
    const [dy, x, mean, variance] = ['dy', 'x', 'mean', 'variance'].map((name) => command.buffer(name));
    const gain = command.bufferIfAny('gain');
    const [dx, dgain, dbias] = ['dx', 'dgain', 'dbias'].map((name) => command.bufferIfAny(name));
    const training = command.flag('training');
    const f32 = { eps: command.scalar('eps'), size: count };
    const products = {
      ...overChannel,
      reads: { dy, x, mean, variance },
      u32,
      f32,
      term: `dy[at_x] * ${normalized('at_x')}`,
    };
    const sums = { ...overChannel, reads: { dy }, u32, term: 'dy[at_x]' };
    if (dx !== undefined) {
      const [product, sum] = training ? [recording.scratch(u32.channels), recording.scratch(u32.channels)] : [];
      if (product !== undefined && sum !== undefined) {
        reduce(recording, { ...products, target: product });
        reduce(recording, { ...sums, target: sum });
      }
      recording.run({
        count: size,
        reads: { dy, x: product && x, mean: product && mean, variance, gain, product, sum },
        writes: { dx },
        u32,
        f32,
        body: `let c = ${channelAt('i')};
  let slope = 1.0 / sqrt(variance[c] + p.eps)${gain === undefined ? '' : ' * gain[c]'};
  dx[i] ${command.flag('accumulateX') ? '+=' : '='} slope * ${
    training ? `(dy[i] - (sum[c] + ${normalized('i')} * product[c]) / p.size)` : 'dy[i]'
  };`,
      });
    }
    if (dgain !== undefined) {
      reduce(recording, { ...products, target: dgain, accumulate: command.flag('accumulateGain') });
    }
    if (dbias !== undefined) reduce(recording, { ...sums, target: dbias, accumulate: command.flag('accumulateBias') });
  },
};
