import type { OpCase } from '../../conformance/case.ts';
import { slopesFromOutput, transcendental } from '../../conformance/common_bounds.ts';
import { unaryCases } from '../../conformance/unary_cases.ts';
import { sigmoid } from './op.ts';

export const cases: readonly OpCase[] = [...unaryCases('sigmoid', sigmoid, transcendental, slopesFromOutput)];
