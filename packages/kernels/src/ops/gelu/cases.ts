import { ulp } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { slopes } from '../../conformance/common_bounds.ts';
import { unaryCases } from '../../conformance/unary_cases.ts';
import { gelu } from './op.ts';

/**
 * Over a million values in [-10, 10]: 65.7 % within 1/2 unit, 86.2 % within 1, 97.6 % within 2, 99.94 % within 4, the worst 6.3 at -9.5,
 * where gelu is 1e-20. Those few fall under the absolute part.
 */
const erfBound = ulp(
  4,
  'polynomials within 4 units in the last place, but for exp(-x²/2) left of -6, where gelu is below 1e-8',
  2 ** -56,
);

const tanhBound = ulp(
  4,
  'polynomials within 4 units in the last place; below 2^-126 the result is denormal',
  2 ** -126,
);

export const cases: readonly OpCase[] = [
  ...unaryCases('erf', (x) => gelu(x, 'erf'), erfBound, slopes),
  ...unaryCases('tanh', (x) => gelu(x, 'tanh'), tanhBound, slopes),
];
