import type { Slot } from '../../webgpu/buffers.ts';
import type { Recording, WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import { type Reduction, reduce } from '../../webgpu/reduction.ts';
import type { Command } from '../command.ts';

/** One number for each line along `width`, from elements at at_x; the lines are numbered outer * inner + i. */
export function overLines(command: Command<Slot>): Pick<Reduction, 'extents' | 'strides' | 'targetStrides'> {
  const [outer, width, inner] = [command.scalar('outer'), command.scalar('width'), command.scalar('inner')];
  if (inner === 1) return { extents: [outer, width], strides: { x: [width, 1] }, targetStrides: [1, 0] };
  return {
    extents: [outer, width, inner],
    strides: { x: [width * inner, inner, 1] },
    targetStrides: [inner, 0, 1],
  };
}

/** The line of element i. */
export const lineOf = 'let line = (i / (p.width * p.inner)) * p.inner + i % p.inner;';

/** A scratch buffer with a number for each line, in terms read at the line of at_x. */
const lineAt = (at: string) => `(${at} / (p.width * p.inner)) * p.inner + ${at} % p.inner`;

/** Of each line of x: the largest element, and the sum of exp(x - largest); `finish` of that sum, where given. */
export function exponentialSums(command: Command<Slot>, recording: Recording, finish?: string) {
  const [outer, width, inner] = [command.scalar('outer'), command.scalar('width'), command.scalar('inner')];
  const x = command.buffer('x');
  const [largest, sum] = [recording.scratch(outer * inner), recording.scratch(outer * inner)];
  reduce(recording, { ...overLines(command), reads: { x }, largest: true, term: 'x[at_x]', target: largest });
  reduce(recording, {
    ...overLines(command),
    reads: { x, largest },
    u32: { width, inner },
    functions: math,
    term: `exponential(x[at_x] - largest[${lineAt('at_x')}])`,
    target: sum,
    finish,
  });
  return { largest, sum };
}

export const softmaxWebGpu: WebGpuKernels = {
  'softmax.forward': (command, recording) => {
    const [outer, width, inner] = [command.scalar('outer'), command.scalar('width'), command.scalar('inner')];
    const x = command.buffer('x');
    const { largest, sum } = exponentialSums(command, recording);
    recording.run({
      count: outer * width * inner,
      reads: { x, largest, sum },
      writes: { y: command.buffer('y') },
      u32: { width, inner },
      functions: math,
      body: `${lineOf}
  y[i] = exponential(x[i] - largest[line]) / sum[line];`,
    });
  },

  'softmax.backward': (command, recording) => {
    const [outer, width, inner] = [command.scalar('outer'), command.scalar('width'), command.scalar('inner')];
    const [dy, y, dx] = [command.buffer('dy'), command.buffer('y'), command.buffer('dx')];
    const dot = recording.scratch(outer * inner);
    reduce(recording, { ...overLines(command), reads: { dy, y }, term: 'dy[at_x] * y[at_x]', target: dot });
    recording.run({
      count: outer * width * inner,
      reads: { dy, y, dot },
      writes: { dx },
      u32: { width, inner },
      body: `${lineOf}
  dx[i] ${command.flag('accumulate') ? '+=' : '='} y[i] * (dy[i] - dot[line]);`,
    });
  },
};
