import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { reduce } from '../../webgpu/reduction.ts';
import { binaryWebGpu } from '../elementwise_webgpu.ts';

export const divWebGpu: WebGpuKernels = {
  ...binaryWebGpu('div', 'a / b'),

  'div.backward_dividend': (command, recording) => {
    const { extents, strides } = command.loop();
    reduce(recording, {
      extents,
      strides: { dy: strides[0]!, b: strides[1]! },
      targetStrides: strides[2]!,
      reads: { dy: command.buffer('dy'), b: command.buffer('b') },
      term: 'dy[at_dy] / b[at_b]',
      target: command.buffer('da'),
      accumulate: command.flag('accumulate'),
    });
  },

  'div.backward_divisor': (command, recording) => {
    const { extents, strides } = command.loop();
    reduce(recording, {
      extents,
      strides: { dy: strides[0]!, y: strides[1]!, b: strides[2]! },
      targetStrides: strides[3]!,
      reads: { dy: command.buffer('dy'), y: command.buffer('y'), b: command.buffer('b') },
      term: '-dy[at_dy] * y[at_y] / b[at_b]',
      target: command.buffer('db'),
      accumulate: command.flag('accumulate'),
    });
  },
};
