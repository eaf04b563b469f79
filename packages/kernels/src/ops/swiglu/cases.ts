import type { OpCase } from '../../conformance/case.ts';
import { gatedCases } from '../../conformance/gated_cases.ts';
import { swiglu } from './op.ts';

export const cases: readonly OpCase[] = gatedCases('swiglu', swiglu);
