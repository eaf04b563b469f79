import { gatedWebGpu } from '../elementwise_webgpu.ts';

/** s (1 - s) without its cancellation where s is near 1. */
const slope = 'let e = exponential(-abs(x)); return e / square(1.0 + e);';

export const gluWebGpu = gatedWebGpu('glu', 'return sigmoid(x);', slope);
