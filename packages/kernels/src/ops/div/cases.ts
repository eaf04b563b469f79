import { binaryCases } from '../../conformance/binary_cases.ts';
import { div } from './op.ts';

export const cases = binaryCases(div, (inputs, name, shape) => inputs.uniform(name, shape, 0.5, 2));
