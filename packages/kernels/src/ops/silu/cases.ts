import type { OpCase } from '../../conformance/case.ts';
import { slopes, transcendental } from '../../conformance/common_bounds.ts';
import { unaryCases } from '../../conformance/unary_cases.ts';
import { silu } from './op.ts';

export const cases: readonly OpCase[] = [...unaryCases('silu', silu, transcendental, slopes)];
