import { ulp } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { slopes } from '../../conformance/common_bounds.ts';
import { unaryCases } from '../../conformance/unary_cases.ts';
import { gelu } from './op.ts';

const erfBound = ulp(
  4,
  'polynomials within 4 units in the last place; far out on the left exp(-u) loses about u units, where gelu is below 1e-4',
  2 ** -36,
);
const tanhBound = ulp(
  4,
  'left of -2, exp(2u) magnifies the roundings of u = x + 0.044715 x³ by |2u|: up to 20 units where gelu is below 1e-2',
  2 ** -28,
);

export const cases: readonly OpCase[] = [
  ...unaryCases('erf', (x) => gelu(x, 'erf'), erfBound, slopes),
  ...unaryCases('tanh', (x) => gelu(x, 'tanh'), tanhBound, slopes),
];
