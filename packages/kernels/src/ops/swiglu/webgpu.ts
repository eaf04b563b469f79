import { gatedWebGpu } from '../elementwise_webgpu.ts';
import { silu } from '../silu/webgpu.ts';

export const swigluWebGpu = gatedWebGpu('swiglu', silu.value, silu.slope);
