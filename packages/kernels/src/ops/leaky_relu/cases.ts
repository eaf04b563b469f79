import { ulp } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { slopes } from '../../conformance/common_bounds.ts';
import { unaryCases } from '../../conformance/unary_cases.ts';
import { leakyRelu } from './op.ts';

const rounded = ulp(1.5, 'the slope is rounded to float32, and then the product');

export const cases: readonly OpCase[] = [
  ...unaryCases('leaky_relu', leakyRelu, rounded, slopes),
  ...unaryCases('leaky_relu with slope 0.2', (x) => leakyRelu(x, 0.2), rounded, slopes),
];
