import { gatedReference } from '../gated_reference.ts';

export const swigluReference = gatedReference(
  'swiglu',
  (x) => x / (1 + Math.exp(-x)),
  (x) => {
    const s = 1 / (1 + Math.exp(-x));
    return s * (1 + x * (1 - s));
  },
);
