import { binaryWebGpu } from '../elementwise_webgpu.ts';

export const subWebGpu = binaryWebGpu('sub', 'a - b');
