import { channelAt, channelSizes } from '../../webgpu/channels.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { reduce } from '../../webgpu/reduction.ts';

/** WGSL: the normalised element at `at`. */
const normalized = (at: string) => `(x[${at}] / sqrt(meanSquare[${channelAt(at)}] + p.eps))`;

const running = 1;
const fixed = 2;

export const powerNormWebGpu: WebGpuKernels = {
  'power_norm.statistics': (command, recording) => {
    const { count, overChannel, u32 } = channelSizes(command);
    reduce(recording, {
      ...overChannel,
      reads: { x: command.buffer('x') },
      u32,
      f32: { size: count },
      term: 'x[at_x] * x[at_x]',
      finish: count === 0 ? 'p.nan' : 'total / p.size',
      target: command.buffer('meanSquare'),
    });
  },

  'power_norm.forward': (command, recording) => {
    const { size, u32 } = channelSizes(command);
    const [gain, bias] = [command.bufferIfAny('gain'), command.bufferIfAny('bias')];
    recording.run({
      count: size,
      reads: { x: command.buffer('x'), meanSquare: command.buffer('meanSquare'), gain, bias },
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

  'power_norm.backward': (command, recording) => {
    const { size, count, overChannel, u32 } = channelSizes(command);
    const [dy, x, meanSquare] = ['dy', 'x', 'meanSquare'].map((name) => command.buffer(name));
    const gain = command.bufferIfAny('gain');
    const [dx, dgain, dbias, projection] = ['dx', 'dgain', 'dbias', 'projection'].map((name) =>
      command.bufferIfAny(name),
    );
    const mode = command.scalar('mode');
    const f32 = { eps: command.scalar('eps'), size: count, momentum: command.scalar('momentum') };
    const gainOf = (c: string) => (gain === undefined ? '' : ` * gain[${c}]`);
    const products = {
      ...overChannel,
      reads: { dy, x, meanSquare },
      u32,
      f32,
      term: `dy[at_x] * ${normalized('at_x')}`,
    };
    const moves = mode === running && projection !== undefined;
    const product = mode === fixed ? undefined : recording.scratch(u32.channels);
    if (product !== undefined && (moves || (mode !== running && dx !== undefined))) {
      reduce(recording, { ...products, target: product });
    }
    if (dx !== undefined) {
      const kept = mode === running ? projection : undefined;
      const used = mode === running || mode === fixed ? undefined : product;
      const pull = kept !== undefined ? 'kept[c]' : used !== undefined ? `used[c]${gainOf('c')} / p.size` : '0.0';
      recording.run({
        count: size,
        reads: { dy, x, meanSquare, gain, kept, used },
        writes: { dx },
        u32,
        f32,
        body: `let c = ${channelAt('i')};
  let g = dy[i]${gainOf('c')};
  dx[i] ${command.flag('accumulateX') ? '+=' : '='} (g - ${normalized('i')} * (${pull})) / sqrt(meanSquare[c] + p.eps);`,
      });
    }
    if (moves && product !== undefined) {
      const squares = recording.scratch(u32.channels);
      reduce(recording, {
        ...overChannel,
        reads: { x, meanSquare },
        u32,
        f32,
        term: `${normalized('at_x')} * ${normalized('at_x')}`,
        target: squares,
      });
      recording.run({
        count: u32.channels,
        reads: { product, squares, gain },
        writes: { projection },
        f32,
        body: `let kept = projection[i] * (1.0 - p.momentum * squares[i] / p.size);
  projection[i] = kept + p.momentum * (product[i]${gainOf('i')} / p.size);`,
      });
    }
    if (dgain !== undefined) {
      reduce(recording, { ...products, target: dgain, accumulate: command.flag('accumulateGain') });
    }
    if (dbias !== undefined) {
      const accumulate = command.flag('accumulateBias');
      reduce(recording, { ...overChannel, reads: { dy }, term: 'dy[at_x]', target: dbias, accumulate });
    }
  },
};
