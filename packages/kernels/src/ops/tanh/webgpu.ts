import { unaryWebGpu } from '../elementwise_webgpu.ts';

export const tanhWebGpu = unaryWebGpu('tanh', 'y', 'return hyperbolic_tangent(x);', 'return 1.0 - y * y;');
