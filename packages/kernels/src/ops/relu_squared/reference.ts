import { unaryReference } from '../elementwise_reference.ts';

export const reluSquaredReference = unaryReference(
  'relu_squared',
  'x',
  (x) => (x > 0 || Number.isNaN(x) ? x * x : 0),
  (x) => (x > 0 ? 2 * x : 0),
);
