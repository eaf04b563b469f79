import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { largest } from '../max/webgpu.ts';

export const minWebGpu: WebGpuKernels = {
  // the largest of what has the other sign
  'min.forward': (command, recording) =>
    largest(command, recording, 'order_of(x[at_x] ^ 0x80000000u)', 'bits_of_order(total) ^ 0x80000000u'),
};
