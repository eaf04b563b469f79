import type { OpCase } from '../../conformance/case.ts';
import { copied, slopes } from '../../conformance/common_bounds.ts';
import { unaryCases } from '../../conformance/unary_cases.ts';
import { relu } from './op.ts';

export const cases: readonly OpCase[] = [...unaryCases('relu', relu, copied, slopes)];
