import { gatedReference } from '../gated_reference.ts';

export const regluReference = gatedReference(
  'reglu',
  (x) => (x > 0 || Number.isNaN(x) ? x : 0),
  (x) => (x > 0 ? 1 : 0),
);
