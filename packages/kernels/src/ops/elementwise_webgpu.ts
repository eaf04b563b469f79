import type { Slot } from '../webgpu/buffers.ts';
import type { WebGpuKernels } from '../webgpu/kernel.ts';
import { walkCode } from '../webgpu/loops.ts';
import { math } from '../webgpu/math.ts';
import type { Command } from './command.ts';

/** `<op>.forward` of two operands with broadcasting: `expression` of a and b. */
export function binaryWebGpu(op: string, expression: string): WebGpuKernels {
  return {
    [`${op}.forward`]: (command, recording) => {
      const { extents, strides } = command.loop();
      const walk = walkCode('i', extents, { a: strides[0]!, b: strides[1]! });
      recording.run({
        count: extents.reduce((size, extent) => size * extent, 1),
        reads: { left: command.buffer('a'), right: command.buffer('b') },
        writes: { y: command.buffer('y') },
        u32: walk.u32,
        body: `${walk.code}
  let a = left[at_a];
  let b = right[at_b];
  y[i] = ${expression};`,
      });
    },
  };
}

/**
 * Forward and backward of a function of one element: bodies of WGSL functions of x, and of x or y as the op's signature says.
 * `parameter` names a number that both depend on, there p.<parameter>.
 */
export function unaryWebGpu(
  name: string,
  rule: 'x' | 'y',
  forward: string,
  derivative: string,
  { functions = '', parameter }: { functions?: string; parameter?: string } = {},
): WebGpuKernels {
  const given = (command: Command<Slot>) => (parameter === undefined ? {} : { [parameter]: command.scalar(parameter) });
  return {
    [`${name}.forward`]: (command, recording) => {
      recording.run({
        count: command.scalar('count'),
        reads: { input: command.buffer('x') },
        writes: { output: command.buffer('y') },
        f32: given(command),
        functions: `${math}${functions}fn value_at(x: f32) -> f32 { ${forward} }`,
        body: 'output[i] = value_at(input[i]);',
      });
    },
    [`${name}.backward`]: (command, recording) => {
      const store = command.flag('accumulate') ? '+=' : '=';
      recording.run({
        count: command.scalar('count'),
        reads: { dy: command.buffer('dy'), saved: command.buffer(rule) },
        writes: { dx: command.buffer('dx') },
        f32: given(command),
        functions: `${math}${functions}fn slope_at(${rule}: f32) -> f32 { ${derivative} }`,
        body: `dx[i] ${store} dy[i] * slope_at(saved[i]);`,
      });
    },
  };
}

/** Forward and backward of a gated unit, y = f(gate) up: bodies of WGSL functions of x for f and its derivative. */
export function gatedWebGpu(name: string, value: string, derivative: string, functions = ''): WebGpuKernels {
  const all = `${math}${functions}
fn value_at(x: f32) -> f32 { ${value} }
fn slope_at(x: f32) -> f32 { ${derivative} }
`;
  return {
    [`${name}.forward`]: (command, recording) => {
      recording.run({
        count: command.scalar('count'),
        reads: { gate: command.buffer('gate'), up: command.buffer('up') },
        writes: { y: command.buffer('y') },
        functions: all,
        body: 'y[i] = value_at(gate[i]) * up[i];',
      });
    },
    [`${name}.backward`]: (command, recording) => {
      const dgate = command.bufferIfAny('dgate');
      const dup = command.bufferIfAny('dup');
      const store = (accumulate: string) => (command.flag(accumulate) ? '+=' : '=');
      if (dgate === undefined && dup === undefined) return;
      recording.run({
        count: command.scalar('count'),
        // only the gradient of gate needs up
        reads: { dy: command.buffer('dy'), gate: command.buffer('gate'), up: dgate && command.buffer('up') },
        writes: { dgate, dup },
        functions: all,
        body: `${dgate === undefined ? '' : `dgate[i] ${store('accumulateGate')} dy[i] * up[i] * slope_at(gate[i]);`}
  ${dup === undefined ? '' : `dup[i] ${store('accumulateUp')} dy[i] * value_at(gate[i]);`}`,
      });
    },
  };
}
