import type { OpCase } from '../../conformance/case.ts';
import { slopes, transcendental } from '../../conformance/common_bounds.ts';
import { unaryCases } from '../../conformance/unary_cases.ts';
import { gelu } from './op.ts';

export const cases: readonly OpCase[] = [
  ...unaryCases('erf', (x) => gelu(x, 'erf'), transcendental, slopes),
  ...unaryCases('tanh', (x) => gelu(x, 'tanh'), transcendental, slopes),
];
