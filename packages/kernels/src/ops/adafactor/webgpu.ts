import type { Slot } from '../../webgpu/buffers.ts';
import type { Dispatch } from '../../webgpu/dispatch.ts';
import type { Recording, WebGpuKernels } from '../../webgpu/kernel.ts';
import { reduce } from '../../webgpu/reduction.ts';
import { clipFactor } from '../global_norm/webgpu.ts';

// WGSL leaves open what max makes of NaN
const functions = `${clipFactor}
fn at_least(least: f32, x: f32) -> f32 { if (x < least) { return least; } return x; }
fn squared(x: f32) -> f32 { return x * x; }
`;

export const adafactorWebGpu: WebGpuKernels = {
  'adafactor.step': (command, recording) => {
    const norm = command.bufferIfAny('norm');
    const eps1 = command.scalar('eps1');
    const taken = command.scalar('taken');
    for (const member of command.members()) {
      const [batch, rows, columns] = [member.scalar('batch'), member.scalar('rows'), member.scalar('columns')];
      const count = batch * rows * columns;
      if (count === 0) continue;
      const [weight, g] = [member.buffer('p'), member.buffer('g')];
      const [row, column] = [member.bufferIfAny('row'), member.bufferIfAny('column')];
      const variance = member.bufferIfAny('variance');
      const f32 = {
        maxNorm: command.scalar('maxNorm'),
        keep: 1 - taken,
        take: taken,
        eps1,
        least: eps1 * eps1,
        eps2: command.scalar('eps2'),
        rate: command.scalar('rate'),
        threshold: command.scalar('threshold'),
        decay: 1 - command.scalar('learningRate') * member.scalar('weightDecay'),
      };
      const gradient = (at: string) => (norm === undefined ? `g[${at}]` : `(clip_factor(norm[0]) * g[${at}])`);
      const square = (at: string) => `squared(${gradient(at)})`;
      /** Moves a memory towards a mean of squares over some extents. */
      const move = (memory: Slot, extents: readonly number[], targetStrides: readonly number[], terms: number) => {
        const size = count / terms;
        const mean = recording.scratch(size);
        const reads = { g, norm };
        const strides = { g: [rows * columns, columns, 1] };
        const scaled = { ...f32, terms_of_mean: terms };
        reduce(recording, {
          ...{ extents, strides, targetStrides, reads, functions, term: square('at_g'), target: mean, f32: scaled },
          finish: 'total / p.terms_of_mean',
        });
        const body = 'memory[i] = p.keep * memory[i] + p.take * mean[i];';
        recording.run({ count: size, reads: { mean }, writes: { memory }, f32, body });
      };
      let moment: Moment;
      if (variance === undefined) {
        const extents = [batch, rows, columns];
        move(row!, extents, [rows, 1, 0], columns);
        move(column!, extents, [columns, 0, 1], rows);
        const means = recording.scratch(batch);
        reduce(recording, {
          ...{ extents: [batch, rows], strides: { row: [rows, 1] }, targetStrides: [1, 0], reads: { row } },
          ...{ functions, term: 'row[at_row]', target: means, f32: { ...f32, rows_of_mean: rows } },
          finish: 'at_least(p.eps1, total / p.rows_of_mean)',
        });
        moment = {
          reads: { row, column, means },
          u32: { rows, columns },
          at: (at) => `(row[${at} / p.columns] / means[${at} / p.columns / p.rows] * \
column[${at} / p.columns / p.rows * p.columns + ${at} % p.columns])`,
        };
      } else {
        move(variance, [1, 1, count], [0, 0, 1], 1);
        moment = { reads: { variance }, u32: {}, at: (at) => `variance[${at}]` };
      }
      const update = (at: string) => `(${gradient(at)} / sqrt(at_least(p.least, ${moment.at(at)})))`;
      const shared = { f32, u32: moment.u32, functions };
      const size = rootMeanSquare(recording, count, { ...shared, reads: { weight } }, 'weight[at_x]');
      const length = rootMeanSquare(
        recording,
        count,
        { ...shared, reads: { g, norm, ...moment.reads } },
        update('at_x'),
      );
      recording.run({
        ...shared,
        count,
        reads: { g, norm, size, length, ...moment.reads },
        writes: { weight },
        body: `let step = at_least(p.eps2, size[0]) * p.rate / at_least(1.0, length[0] / p.threshold);
  weight[i] = weight[i] * p.decay - step * ${update('i')};`,
      });
    }
  },
};

/** WGSL of an element's second moment, and what that reads. */
interface Moment {
  readonly reads: NonNullable<Dispatch['reads']>;
  readonly u32: NonNullable<Dispatch['u32']>;
  readonly at: (at: string) => string;
}

function rootMeanSquare(
  recording: Recording,
  count: number,
  shared: Pick<Dispatch, 'f32' | 'u32' | 'functions' | 'reads'>,
  value: string,
): Slot {
  const target = recording.scratch(1);
  reduce(recording, {
    ...{ extents: [count], strides: { x: [1] }, targetStrides: [0], target, term: `squared(${value})` },
    ...{ ...shared, reads: shared.reads ?? {}, f32: { ...shared.f32, elements: count } },
    finish: 'sqrt(total / p.elements)',
  });
  return target;
}
