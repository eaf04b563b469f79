import type { OpCase } from '../../conformance/case.ts';
import { extremumCases } from '../../conformance/extremum_cases.ts';
import { min } from './op.ts';

export const cases: readonly OpCase[] = extremumCases(min);
