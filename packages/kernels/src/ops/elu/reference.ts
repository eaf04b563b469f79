import { unaryReference } from '../elementwise_reference.ts';

export const eluReference = unaryReference(
  'elu',
  'x',
  (x, alpha) => (x > 0 ? x : alpha * Math.expm1(x)),
  (x, alpha) => (x > 0 ? 1 : alpha * Math.exp(x)),
  'alpha',
);
