import { binaryCases } from '../../conformance/binary_cases.ts';
import { mul } from './op.ts';

export const cases = binaryCases(mul);
