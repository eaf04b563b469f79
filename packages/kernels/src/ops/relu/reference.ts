import { unaryReference } from '../elementwise_reference.ts';

export const reluReference = unaryReference(
  'relu',
  'x',
  (x) => (x > 0 || Number.isNaN(x) ? x : 0),
  (x) => (x > 0 ? 1 : 0),
);
