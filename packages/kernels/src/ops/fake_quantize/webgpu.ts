import type { Slot } from '../../webgpu/buffers.ts';
import type { Recording, WebGpuKernels } from '../../webgpu/kernel.ts';
import { reduce } from '../../webgpu/reduction.ts';
import type { Command } from '../command.ts';

/** WGSL: element x of a run with this scale and zero point on the grid. NaN is neither below nor above, and stays. */
const functions = `
struct Quantized { quotient: f32, code: f32, zero: f32, outside: bool }
fn quantize(x: f32, scale: f32, zero_point: f32) -> Quantized {
  let zero = round(zero_point);
  let quotient = x / scale;
  let rounded = round(quotient) + zero;
  if (rounded < p.lowest) { return Quantized(quotient, p.lowest, zero, true); }
  if (rounded > p.highest) { return Quantized(quotient, p.highest, zero, true); }
  return Quantized(quotient, rounded, zero, false);
}
fn slope(q: Quantized) -> f32 {
  if (q.outside) { return q.code - q.zero; }
  return q.code - q.zero - q.quotient;
}
fn lost(q: Quantized, gradient: f32, scale: f32) -> f32 {
  if (q.outside) { return -gradient * scale; }
  return 0.0;
}
`;

export const fakeQuantizeWebGpu: WebGpuKernels = {
  'fake_quantize.forward': (command, recording) => {
    const { count, u32, f32, grid, zeroAt } = gridOf(command);
    recording.run({
      count,
      reads: grid,
      writes: { y: command.buffer('y') },
      u32,
      f32,
      functions,
      body: `let run = i / p.width;
  let q = quantize(x[i], scale[run], ${zeroAt('run')});
  y[i] = (q.code - q.zero) * scale[run];`,
    });
  },

  'fake_quantize.backward': (command, recording) => {
    const { count, u32, f32, grid, zeroAt } = gridOf(command);
    const dy = command.buffer('dy');
    const [dx, dscale, dzero] = ['dx', 'dscale', 'dzero'].map((name) => command.bufferIfAny(name));
    if (dx !== undefined) {
      recording.run({
        count,
        reads: { dy, ...grid },
        writes: { dx },
        u32,
        f32,
        functions,
        body: `let run = i / p.width;
  let q = quantize(x[i], scale[run], ${zeroAt('run')});
  dx[i] ${command.flag('accumulateX') ? '+=' : '='} select(dy[i], 0.0, q.outside);`,
      });
    }
    const at = `quantize(x[at_x], scale[at_scale], ${zeroAt('at_scale')})`;
    const sumOf = (term: string, target: Slot | undefined, accumulate: string) => {
      if (target !== undefined)
        sumOverRuns(command, recording, { dy, ...grid }, term, target, command.flag(accumulate));
    };
    sumOf(`dy[at_x] * slope(${at})`, dscale, 'accumulateScale');
    sumOf(`lost(${at}, dy[at_x], scale[at_scale])`, dzero, 'accumulateZero');
  },
};

function gridOf(command: Command<Slot>) {
  const zero = command.bufferIfAny('zero');
  const [runs, width] = [command.scalar('runs'), command.scalar('width')];
  return {
    count: runs * width,
    u32: { width },
    f32: { lowest: command.scalar('lowest'), highest: command.scalar('highest') },
    grid: { x: command.buffer('x'), scale: command.buffer('scale'), zero },
    zeroAt: (run: string) => (zero === undefined ? '0.0' : `zero[${run}]`),
  };
}

function sumOverRuns(
  command: Command<Slot>,
  recording: Recording,
  reads: Record<string, Slot | undefined>,
  term: string,
  target: Slot,
  accumulate: boolean,
): void {
  const { f32 } = gridOf(command);
  const [runs, width] = [command.scalar('runs'), command.scalar('width')];
  reduce(recording, {
    extents: [runs, width],
    strides: { x: [width, 1], scale: [1, 0] },
    targetStrides: [1, 0],
    reads,
    f32: { ...f32, factor: command.scalar('factor') },
    functions,
    term,
    target,
    accumulate,
    finish: 'p.factor * total',
  });
}
