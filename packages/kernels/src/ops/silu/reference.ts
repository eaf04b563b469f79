import { unaryReference } from '../elementwise_reference.ts';

export const siluReference = unaryReference(
  'silu',
  'x',
  (x) => (x === Number.NEGATIVE_INFINITY ? 0 : x / (1 + Math.exp(-x))),
  (x) => {
    const s = 1 / (1 + Math.exp(-x));
    return s === 0 || s === 1 ? s : s * (1 + x * (1 - s));
  },
);
