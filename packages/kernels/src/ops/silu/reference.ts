import { unaryReference } from '../elementwise_reference.ts';

export const siluReference = unaryReference(
  'silu',
  'x',
  (x) => x / (1 + Math.exp(-x)),
  (x) => {
    const s = 1 / (1 + Math.exp(-x));
    return s * (1 + x * (1 - s));
  },
);
