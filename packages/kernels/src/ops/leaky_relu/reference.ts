import { unaryReference } from '../elementwise_reference.ts';

export const leakyReluReference = unaryReference(
  'leaky_relu',
  'x',
  (x, slope) => (x > 0 ? x : slope * x),
  (x, slope) => (x > 0 ? 1 : slope),
  'slope',
);
