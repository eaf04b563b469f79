import { binaryWebGpu } from '../elementwise_webgpu.ts';

export const addWebGpu = binaryWebGpu('add', 'a + b');
