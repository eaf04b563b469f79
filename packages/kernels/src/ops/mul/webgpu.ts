import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { reduce } from '../../webgpu/reduction.ts';
import { binaryWebGpu } from '../elementwise_webgpu.ts';

export const mulWebGpu: WebGpuKernels = {
  ...binaryWebGpu('mul', 'a * b'),

  'mul.backward': (command, recording) => {
    const { extents, strides } = command.loop();
    reduce(recording, {
      extents,
      strides: { dy: strides[0]!, other: strides[1]! },
      targetStrides: strides[2]!,
      reads: { dy: command.buffer('dy'), other: command.buffer('other') },
      term: 'dy[at_dy] * other[at_other]',
      target: command.buffer('dx'),
      accumulate: command.flag('accumulate'),
    });
  },
};
