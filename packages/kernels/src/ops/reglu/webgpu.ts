import { gatedWebGpu } from '../elementwise_webgpu.ts';
import { relu } from '../relu/webgpu.ts';

export const regluWebGpu = gatedWebGpu('reglu', relu.value, relu.slope);
