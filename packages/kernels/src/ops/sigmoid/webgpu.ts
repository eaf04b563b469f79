import { unaryWebGpu } from '../elementwise_webgpu.ts';

export const sigmoidWebGpu = unaryWebGpu('sigmoid', 'y', 'return sigmoid(x);', 'return y * (1.0 - y);');
