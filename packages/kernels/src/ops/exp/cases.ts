import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { transcendental } from '../../conformance/common_bounds.ts';
import { unaryCases } from '../../conformance/unary_cases.ts';
import { exp } from './op.ts';

const fromOutput = nmse(1e-12, 'a product with the float32 output');

export const cases: readonly OpCase[] = [...unaryCases('exp', exp, transcendental, fromOutput)];
