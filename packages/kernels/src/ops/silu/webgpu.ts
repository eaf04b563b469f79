import { unaryWebGpu } from '../elementwise_webgpu.ts';

export const siluWebGpu = unaryWebGpu(
  'silu',
  'x',
  'return x * sigmoid(x);',
  'let s = sigmoid(x); return s * (1.0 + x * (1.0 - s));',
);
