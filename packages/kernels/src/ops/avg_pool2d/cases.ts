import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { poolCases, specialImage } from '../../conformance/pool_cases.ts';
import { avgPool2d } from './op.ts';

const means = nmse(1e-12, 'a sum of up to 3,721 elements and one division', 1e-6);
const shares = nmse(1e-11, 'a float32 chain over the windows that see an element, up to 3,721 of them', 1e-6);

export const cases: readonly OpCase[] = [
  ...[true, false].flatMap((countPadding) =>
    poolCases(
      countPadding ? '' : ', padding not counted',
      means,
      (x, options) => avgPool2d(x, { ...options, countPadding }),
      shares,
    ),
  ),
  {
    name: 'NaN and infinities reach the windows that see them',
    forward: means,
    gradient: means,
    build: (inputs) => {
      const x = inputs.constant([1, 1, 9, 9], specialImage);
      return () => avgPool2d(x, { kernel: 2, stride: 1, padding: 1 });
    },
  },
];
