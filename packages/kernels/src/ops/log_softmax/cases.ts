import { softmaxCases } from '../../conformance/softmax_cases.ts';
import { logSoftmax } from './op.ts';

export const cases = softmaxCases(logSoftmax);
