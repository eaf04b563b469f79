import { unaryReference } from '../elementwise_reference.ts';

export const tanhReference = unaryReference(
  'tanh',
  'y',
  (x) => Math.tanh(x),
  (y) => 1 - y * y,
);
