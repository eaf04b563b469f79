import type { OpCase } from '../../conformance/case.ts';
import { slopesFromOutput, transcendental } from '../../conformance/common_bounds.ts';
import { unaryCases } from '../../conformance/unary_cases.ts';
import { tanh } from './op.ts';

export const cases: readonly OpCase[] = [...unaryCases('tanh', tanh, transcendental, slopesFromOutput)];
