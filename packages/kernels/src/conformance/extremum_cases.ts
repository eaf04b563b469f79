import type { ReductionOptions } from '../ops/sum/op.ts';
import type { Tensor } from '../tensor.ts';
import { nmse } from './bounds.ts';
import type { OpCase } from './case.ts';
import { copied } from './common_bounds.ts';
import { reductionCases } from './reduction_cases.ts';
import { specialValues } from './special_values.ts';

const share = nmse(1e-13, 'the gradient divided by the number of ties');

/** The cases of the largest and of the smallest element. */
export function extremumCases(op: (x: Tensor, options?: ReductionOptions) => Tensor): OpCase[] {
  const bounds = { forward: copied, gradient: share };
  const nan = Number.NaN;
  return [
    // far apart, so that a difference steps over no tie
    ...reductionCases(bounds, (inputs, shape) => inputs.normal('x', shape, 0, 10), op),
    {
      name: 'ties share the gradient',
      ...bounds,
      notTheDerivative: 'where elements tie there is none',
      build: (inputs) => {
        const x = inputs.given('x', [1, 3, 3, -2, -2, 0, 5, 5, 5, 7, 7, 7, 0, -0, 0], [5, 3]);
        return () => op(x, { axes: [-1] });
      },
    },
    {
      name: 'a NaN is never lost',
      ...bounds,
      notTheDerivative: 'NaN',
      build: (inputs) => {
        const row = (at: number) => Array.from({ length: 37 }, (_, i) => (i === at ? nan : i - 18));
        const x = inputs.given('x', [0, 15, 16, 36].flatMap(row), [4, 37]);
        return () => op(x, { axes: [-1] });
      },
    },
    {
      name: 'pairs of special values',
      ...bounds,
      notTheDerivative: 'at the ends of float32 there is no difference to take',
      build: (inputs) => {
        const pairs = specialValues.flatMap((a) => specialValues.map((b) => [a, b]));
        const x = inputs.given('x', pairs.flat(), [pairs.length, 2]);
        return () => op(x, { axes: [-1] });
      },
    },
    {
      name: 'all of one row, in lanes and beyond them',
      ...bounds,
      notTheDerivative: 'where elements tie there is none',
      build: (inputs) => {
        const x = inputs.given(
          'x',
          Array.from({ length: 8193 + 17 }, (_, i) => (i * 37) % 1009),
        );
        return () => op(x);
      },
    },
  ];
}
