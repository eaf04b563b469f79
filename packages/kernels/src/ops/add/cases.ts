import { binaryCases } from '../../conformance/binary_cases.ts';
import { add } from './op.ts';

export const cases = binaryCases(add);
