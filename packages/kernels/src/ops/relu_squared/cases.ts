import type { OpCase } from '../../conformance/case.ts';
import { oneRounding, slopes } from '../../conformance/common_bounds.ts';
import { unaryCases } from '../../conformance/unary_cases.ts';
import { reluSquared } from './op.ts';

export const cases: readonly OpCase[] = [...unaryCases('relu_squared', reluSquared, oneRounding, slopes)];
