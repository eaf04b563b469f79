import { unaryReference } from '../elementwise_reference.ts';

export const softplusReference = unaryReference(
  'softplus',
  'x',
  (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  (x) => 1 / (1 + Math.exp(-x)),
);
