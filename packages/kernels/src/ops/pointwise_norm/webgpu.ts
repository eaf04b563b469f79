import type { Slot } from '../../webgpu/buffers.ts';
import type { Dispatch } from '../../webgpu/dispatch.ts';
import type { Recording, WebGpuKernel, WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import { type Reduction, reduce } from '../../webgpu/reduction.ts';
import type { Command } from '../command.ts';

/** WGSL of f and its derivatives at x: the body of point_of, with u = alpha x + shift where the form has it. */
const forms: Readonly<Record<string, string>> = {
  erf: `let u = fma(alpha, x, shift);
  return of_line(error_function(u), 1.12837917 * exponential(-u * u), x, alpha);`,
  isru: `let u = fma(alpha, x, shift);
  let root = hypotenuse(1.0, u);
  var f = u / root;
  if (abs(u) == p.infinity) { f = sign(u); }
  return of_line(f, 1.0 / root / root / root, x, alpha);`,
  clip: `let u = fma(alpha, x, shift);
  var f = clamp(u, -1.0, 1.0);
  if (is_nan(u)) { f = u; }
  return of_line(f, select(0.0, 1.0, u > -1.0 && u < 1.0), x, alpha);`,
  eln: `let root = hypotenuse(x, sqrt(alpha));
  var share = x / root;
  if (abs(x) == p.infinity) { share = sign(x); }
  return Point(p.factor * share, p.factor * (alpha / root / root / root), -0.5 * p.factor * (share / root / root), 0.0);`,
};

export const pointwiseNormWebGpu: WebGpuKernels = Object.fromEntries(
  Object.entries(forms).flatMap(([name, form]): [string, WebGpuKernel][] => [
    [`pointwise_norm_${name}.forward`, (command, recording) => forward(command, recording, form)],
    [`pointwise_norm_${name}.backward`, (command, recording) => backward(command, recording, form)],
  ]),
);

interface Shared {
  readonly width: number;
  readonly size: number;
  readonly reads: NonNullable<Dispatch['reads']>;
  readonly parameters: Pick<Dispatch, 'u32' | 'f32' | 'functions'>;
  /** WGSL: the point of element `at`. */
  readonly point: (at: string) => string;
}

function sharedOf(command: Command<Slot>, form: string): Shared {
  const [rows, width] = [command.scalar('rows'), command.scalar('width')];
  const shift = command.bufferIfAny('shift');
  const own = (at: string) => (command.flag('perChannel') ? `${at} % p.width` : '0');
  const functions = `${math}
struct Point { f: f32, dx: f32, dalpha: f32, dshift: f32 }
fn of_line(f: f32, slope: f32, x: f32, alpha: f32) -> Point { return Point(f, slope * alpha, slope * x, slope); }
fn point_of(x: f32, alpha: f32, shift: f32) -> Point {
  ${form}
}
`;
  return {
    width,
    size: rows * width,
    reads: { x: command.buffer('x'), alpha: command.buffer('alpha'), shift },
    parameters: { u32: { width }, f32: { factor: Math.sqrt(width) }, functions },
    point: (at) => `point_of(x[${at}], alpha[${own(at)}], ${shift === undefined ? '0.0' : `shift[${own(at)}]`})`,
  };
}

function forward(command: Command<Slot>, recording: Recording, form: string): void {
  const { size, reads, parameters, point } = sharedOf(command, form);
  const [gain, bias] = [command.bufferIfAny('gain'), command.bufferIfAny('bias')];
  recording.run({
    count: size,
    reads: { ...reads, gain, bias },
    writes: { y: command.buffer('y') },
    ...parameters,
    body: `var value = ${point('i')}.f;
  ${gain === undefined ? '' : 'value = value * gain[i % p.width];'}
  ${bias === undefined ? '' : 'value = value + bias[i % p.width];'}
  y[i] = value;`,
  });
}

function backward(command: Command<Slot>, recording: Recording, form: string): void {
  const { width, size, reads, parameters, point } = sharedOf(command, form);
  const dy = command.buffer('dy');
  const gain = command.bufferIfAny('gain');
  const [dx, dalpha, dshift, dgain, dbias] = ['dx', 'dalpha', 'dshift', 'dgain', 'dbias'].map((name) =>
    command.bufferIfAny(name),
  );
  const g = (at: string) => (gain === undefined ? `dy[${at}]` : `dy[${at}] * gain[${at} % p.width]`);
  if (dx !== undefined) {
    recording.run({
      count: size,
      reads: { ...reads, dy, gain },
      writes: { dx },
      ...parameters,
      body: `dx[i] ${command.flag('accumulateX') ? '+=' : '='} ${g('i')} * ${point('i')}.dx;`,
    });
  }
  const rows = width === 0 ? 0 : size / width;
  const overRows = { extents: [rows, width], strides: { x: [width, 1] }, targetStrides: [0, 1] };
  const overAll = { extents: [size], strides: { x: [1] }, targetStrides: [0] };
  const sum = (
    target: Slot | undefined,
    accumulate: string,
    over: Pick<Reduction, 'extents' | 'strides' | 'targetStrides'>,
    term: string,
  ) => {
    if (target === undefined) return;
    const needed = term.includes('point_of') ? { ...reads, dy } : { dy };
    const all = term.includes('gain[') ? { ...needed, gain } : needed;
    reduce(recording, { ...over, ...parameters, reads: all, term, target, accumulate: command.flag(accumulate) });
  };
  const overOwn = command.flag('perChannel') ? overRows : overAll;
  sum(dalpha, 'accumulateAlpha', overOwn, `${g('at_x')} * ${point('at_x')}.dalpha`);
  sum(dshift, 'accumulateShift', overOwn, `${g('at_x')} * ${point('at_x')}.dshift`);
  sum(dgain, 'accumulateGain', overRows, `dy[at_x] * ${point('at_x')}.f`);
  sum(dbias, 'accumulateBias', overRows, 'dy[at_x]');
}
