import { copied, sumsOf } from '../../conformance/common_bounds.ts';
import { linePoolCases } from '../../conformance/pool_cases.ts';
import { maxPool1d } from './op.ts';

export const cases = linePoolCases(copied, maxPool1d, sumsOf(4));
