import { unaryWebGpu } from '../elementwise_webgpu.ts';

/** Value and derivative: bodies of WGSL functions of x. */
export const relu = {
  value: 'if (is_nan(x)) { return x; } return select(0.0, x, x > 0.0);',
  slope: 'return select(0.0, 1.0, x > 0.0);',
};

export const reluWebGpu = unaryWebGpu('relu', 'x', relu.value, relu.slope);
