import type { WebGpuKernels } from '../webgpu/kernel.ts';
import { walkCode } from '../webgpu/loops.ts';
import { math } from '../webgpu/math.ts';

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

/** Forward and backward of a function of one element: expressions of x, and of x or y as the op's signature says. */
export function unaryWebGpu(
  name: string,
  rule: 'x' | 'y',
  forward: string,
  derivative: string,
  functions = '',
): WebGpuKernels {
  return {
    [`${name}.forward`]: (command, recording) => {
      recording.run({
        count: command.scalar('count'),
        reads: { input: command.buffer('x') },
        writes: { output: command.buffer('y') },
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
        functions: `${math}${functions}fn slope(${rule}: f32) -> f32 { ${derivative} }`,
        body: `dx[i] ${store} dy[i] * slope(saved[i]);`,
      });
    },
  };
}
