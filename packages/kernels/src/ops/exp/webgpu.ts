import { unaryWebGpu } from '../elementwise_webgpu.ts';

export const expWebGpu = unaryWebGpu('exp', 'y', 'return exponential(x);', 'return y;');
