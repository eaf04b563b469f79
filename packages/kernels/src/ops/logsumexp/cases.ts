import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { reductionCases } from '../../conformance/reduction_cases.ts';
import { logSumExp } from './op.ts';

const bounds = {
  forward: nmse(1e-12, 'one sum of exponentials and its logarithm: a few roundings', 1e-7),
  gradient: nmse(1e-12, 'an exponential over the sum: a few roundings', 1e-9),
};

export const cases: readonly OpCase[] = [
  ...reductionCases(bounds, (inputs, shape) => inputs.normal('x', shape, 0, 3), logSumExp),
  {
    name: 'far from zero the gradient keeps its digits',
    ...bounds,
    build: (inputs) => {
      const x = inputs.normal('x', [7, 33], 1e4, 2);
      return () => logSumExp(x, { axes: [-1] });
    },
  },
  {
    name: 'masked entries, large values, denormals, infinities, NaN',
    ...bounds,
    notTheDerivative: 'at infinity there is no difference to take',
    build: (inputs) => {
      const masked = Number.NEGATIVE_INFINITY;
      const rows = [
        [1, masked, 2, masked],
        [1000, 999, 998, -1000],
        [-3e38, 0, 3e38, 1],
        [0, -0, 0, -0],
        [2 ** -149, -(2 ** -149), 2 ** -127, 0],
        [masked, masked, masked, masked],
        [1, Number.POSITIVE_INFINITY, 2, masked],
        [1, 2, Number.NaN, 3],
      ];
      const x = inputs.given('x', rows.flat(), [rows.length, 4]);
      return () => logSumExp(x, { axes: [-1] });
    },
  },
];
