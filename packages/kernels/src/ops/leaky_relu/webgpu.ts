import { unaryWebGpu } from '../elementwise_webgpu.ts';

export const leakyReluWebGpu = unaryWebGpu(
  'leaky_relu',
  'x',
  'if (x > 0.0) { return x; } return p.slope * x;',
  'return select(p.slope, 1.0, x > 0.0);',
  { parameter: 'slope' },
);
