import { unaryWebGpu } from '../elementwise_webgpu.ts';

/** Value and derivative: bodies of WGSL functions of x. */
export const silu = {
  value: 'return x * sigmoid(x);',
  slope: 'let s = sigmoid(x); return s * (1.0 + x * (1.0 - s));',
};

export const siluWebGpu = unaryWebGpu('silu', 'x', silu.value, silu.slope);
