import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { reduce } from '../../webgpu/reduction.ts';

/** `first` is x's buffer: it is bound once. */
export const varWebGpu: WebGpuKernels = {
  'var.mean': (command, recording) => {
    const { extents, strides } = command.loop();
    reduce(recording, {
      extents,
      strides: { x: strides[0]!, first: strides[1]! },
      targetStrides: strides[2]!,
      reads: { x: command.buffer('x') },
      f32: { factor: command.scalar('factor') },
      term: 'x[at_x] - x[at_first]',
      finish: 'total * p.factor',
      target: command.buffer('mean'),
    });
  },

  'var.forward': (command, recording) => {
    const { extents, strides } = command.loop();
    reduce(recording, {
      extents,
      strides: { x: strides[0]!, first: strides[1]!, mean: strides[2]! },
      targetStrides: strides[3]!,
      reads: { x: command.buffer('x'), mean: command.buffer('mean') },
      f32: { factor: command.scalar('factor') },
      functions: 'fn square(x: f32) -> f32 { return x * x; }\n',
      term: 'square((x[at_x] - x[at_first]) - mean[at_mean])',
      finish: 'total * p.factor',
      target: command.buffer('y'),
    });
  },

  'var.backward': (command, recording) => {
    const { extents, strides } = command.loop();
    reduce(recording, {
      extents,
      strides: { dy: strides[0]!, x: strides[1]!, first: strides[2]!, mean: strides[3]! },
      targetStrides: strides[4]!,
      reads: { dy: command.buffer('dy'), x: command.buffer('x'), mean: command.buffer('mean') },
      f32: { factor: command.scalar('factor') },
      term: 'dy[at_dy] * ((x[at_x] - x[at_first]) - mean[at_mean])',
      finish: 'total * p.factor',
      target: command.buffer('dx'),
      accumulate: command.flag('accumulate'),
    });
  },
};
