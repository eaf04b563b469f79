import { unaryWebGpu } from '../elementwise_webgpu.ts';

export const eluWebGpu = unaryWebGpu(
  'elu',
  'x',
  'if (x > 0.0) { return x; } return p.alpha * exponential_minus_1(x);',
  'if (x > 0.0) { return 1.0; } return p.alpha * exponential(x);',
  { parameter: 'alpha' },
);
