import { softmaxCases } from '../../conformance/softmax_cases.ts';
import { softmax } from './op.ts';

export const cases = softmaxCases(softmax);
