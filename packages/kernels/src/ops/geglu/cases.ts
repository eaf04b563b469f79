import type { OpCase } from '../../conformance/case.ts';
import { gatedCases } from '../../conformance/gated_cases.ts';
import { geglu } from './op.ts';

export const cases: readonly OpCase[] = [
  ...gatedCases('erf', (gate, up) => geglu(gate, up, 'erf')),
  ...gatedCases('tanh', (gate, up) => geglu(gate, up, 'tanh')),
];
