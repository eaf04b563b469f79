import { unaryReference } from '../elementwise_reference.ts';

export const sigmoidReference = unaryReference(
  'sigmoid',
  'y',
  (x) => 1 / (1 + Math.exp(-x)),
  (y) => y * (1 - y),
);
