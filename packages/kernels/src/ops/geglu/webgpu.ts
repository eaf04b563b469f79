import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { gatedWebGpu } from '../elementwise_webgpu.ts';
import { geluErf, geluTanh } from '../gelu/webgpu.ts';

export const gegluWebGpu: WebGpuKernels = {
  ...gatedWebGpu('geglu_erf', geluErf.value, geluErf.slope),
  ...gatedWebGpu('geglu_tanh', geluTanh.value, geluTanh.slope, geluTanh.functions),
};
