import { KernelError } from '../errors.ts';
import type { Slot } from './buffers.ts';

/** How a shader sees a buffer. */
export type ElementType = 'f32' | 'i32' | 'u32' | 'vec4<f32>';

export interface Binding {
  readonly slot: Slot;
  readonly type: ElementType;
}

/** A buffer as signed integers: ids, positions, targets. */
export const integers = (slot: Slot): Binding => ({ slot, type: 'i32' });

/** A buffer as words: bytes to unpack, or floats to move bit for bit (arithmetic may flush denormals and change a NaN's bits). */
export const words = (slot: Slot): Binding => ({ slot, type: 'u32' });

/** A buffer of floats as vectors of four; its length and every offset are multiples of four. */
export const vectors = (slot: Slot): Binding => ({ slot, type: 'vec4<f32>' });

type Bindings = Readonly<Record<string, Slot | Binding | undefined>>;
type Scalars = Readonly<Record<string, number>>;

/**
 * One dispatch of a shader that is written for one invocation: `body` runs for every i below `count`, 64 to a workgroup. Buffers are
 * arrays by their names; an undefined one is not bound, and the body must not name it. Scalars are members of `p`, which
 * also has `p.count`, `p.infinity` and `p.nan` (WGSL has no constants of these).
 */
export interface Dispatch {
  readonly count: number;
  readonly reads?: Bindings;
  /** Read too where the body does. No buffer may stand in both lists. */
  readonly writes: Bindings;
  readonly u32?: Scalars;
  readonly i32?: Scalars;
  readonly f32?: Scalars;
  /** WGSL functions that the body calls. */
  readonly functions?: string;
  readonly body: string;
  /** One workgroup of 64 whatever `count` is: the body's i is the invocation within it. For what needs barriers. */
  readonly oneGroup?: boolean;
}

export const groupSize = 64;

/** Words of the parameters of one dispatch: what dynamic offsets of uniform buffers are aligned to. */
export const parameterWords = 64;

/** A dispatch in the form that the device takes: WGSL, buffers in the order of their bindings, parameters. */
export interface AssembledDispatch {
  readonly code: string;
  readonly reads: readonly Slot[];
  readonly writes: readonly Slot[];
  readonly workgroups: number;
}

/** Writes the parameters into `parameters` (64 words) and gives the rest. `kernel` names the command in messages. */
export function assemble(kernel: string, dispatch: Dispatch, parameters: Uint32Array): AssembledDispatch {
  const floats = new Float32Array(parameters.buffer, parameters.byteOffset, parameterWords);
  const integerView = new Int32Array(parameters.buffer, parameters.byteOffset, parameterWords);
  parameters[0] = unsigned(kernel, 'the number of invocations', dispatch.count);
  floats[1] = Number.POSITIVE_INFINITY;
  floats[2] = Number.NaN;
  let members = 'count: u32, infinity: f32, nan: f32,';
  let at = 3;
  const place = (name: string, type: 'u32' | 'i32' | 'f32'): number => {
    members += ` ${name}: ${type},`;
    if (at >= parameterWords) {
      throw new KernelError(
        'invalid-argument',
        `${kernel}: the webgpu backend passes up to ${parameterWords} words of sizes and strides, more are needed`,
      );
    }
    return at++;
  };
  for (const name in dispatch.u32) parameters[place(name, 'u32')] = unsigned(kernel, name, dispatch.u32[name]!);
  for (const name in dispatch.i32) integerView[place(name, 'i32')] = signed(kernel, name, dispatch.i32[name]!);
  for (const name in dispatch.f32) floats[place(name, 'f32')] = single(kernel, name, dispatch.f32[name]!);

  const reads: Slot[] = [];
  const writes: Slot[] = [];
  let declarations = '';
  const bind = (bindings: Bindings | undefined, into: Slot[], access: 'read' | 'read_write') => {
    for (const name in bindings) {
      const given = bindings[name];
      if (given === undefined) continue;
      const { slot, type } = 'slot' in given ? given : { slot: given, type: 'f32' };
      into.push(slot);
      const index = reads.length + writes.length;
      declarations += `@group(0) @binding(${index}) var<storage, ${access}> ${name}: array<${type}>;\n`;
    }
  };
  bind(dispatch.reads, reads, 'read');
  bind(dispatch.writes, writes, 'read_write');

  const index =
    dispatch.oneGroup === true
      ? 'let i = lane;'
      : `let i = (workgroup_at.y * workgroup_counts.x + workgroup_at.x) * ${groupSize}u + lane;\n  if (i >= p.count) { return; }`;
  const code = `struct Parameters { ${members} }
@group(0) @binding(0) var<uniform> p: Parameters;
${declarations}${dispatch.functions ?? ''}
@compute @workgroup_size(${groupSize})
fn main(
  @builtin(workgroup_id) workgroup_at: vec3<u32>,
  @builtin(num_workgroups) workgroup_counts: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  ${index}
  ${dispatch.body}
}
`;
  const workgroups = dispatch.oneGroup === true ? 1 : Math.ceil(dispatch.count / groupSize);
  return { code, reads, writes, workgroups };
}

function unsigned(kernel: string, name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new KernelError(
    'invalid-argument',
    `${kernel}: ${name} is an integer in 0..2^32 - 1 on webgpu, found ${value}`,
  );
}

function signed(kernel: string, name: string, value: number): number {
  if (Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 31) return value;
  throw new KernelError(
    'invalid-argument',
    `${kernel}: ${name} is an integer in -2^31..2^31 - 1 on webgpu, found ${value}`,
  );
}

function single(kernel: string, name: string, value: number): number {
  if (!Number.isFinite(value) || Number.isFinite(Math.fround(value))) return value;
  throw new KernelError('invalid-argument', `${kernel}: ${name} lies within float32 on webgpu, found ${value}`);
}
