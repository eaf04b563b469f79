import { binaryCases } from '../../conformance/binary_cases.ts';
import { sub } from './op.ts';

export const cases = binaryCases(sub);
