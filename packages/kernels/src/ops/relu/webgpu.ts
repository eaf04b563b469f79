import { unaryWebGpu } from '../elementwise_webgpu.ts';

export const reluWebGpu = unaryWebGpu(
  'relu',
  'x',
  'if (is_nan(x)) { return x; } return select(0.0, x, x > 0.0);',
  'return select(0.0, 1.0, x > 0.0);',
);
