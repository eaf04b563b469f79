import type { OpCase } from '../../conformance/case.ts';
import { extremumCases } from '../../conformance/extremum_cases.ts';
import { max } from './op.ts';

export const cases: readonly OpCase[] = extremumCases(max);
