import { nmse } from '../../conformance/bounds.ts';
import { linePoolCases } from '../../conformance/pool_cases.ts';
import { avgPool1d } from './op.ts';

const means = nmse(1e-12, 'sums of a window in one chain, and one division', 1e-6);

export const cases = linePoolCases(means, avgPool1d);
