import { ulp } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { slopes, transcendental } from '../../conformance/common_bounds.ts';
import { unaryCases } from '../../conformance/unary_cases.ts';
import { elu } from './op.ts';

const rounded = ulp(5, `${transcendental.why}; alpha is rounded to float32, and then the product`);

export const cases: readonly OpCase[] = [
  ...unaryCases('elu', elu, transcendental, slopes),
  ...unaryCases('elu with alpha 0.7', (x) => elu(x, 0.7), rounded, slopes),
];
