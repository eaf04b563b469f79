import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { reductions, shapeName } from '../../conformance/shapes.ts';
import { variance } from './op.ts';

const bounds = {
  forward: nmse(1e-12, 'squares of deviations whose mean is near 0: a few roundings and one sum', 1e-12),
  gradient: nmse(1e-12, 'a deviation, rounded, times two factors', 1e-7),
};

export const cases: readonly OpCase[] = [
  ...reductions.flatMap(({ shape, axes }) =>
    [false, true].flatMap((keepDims) =>
      [0, 1].map(
        (correction): OpCase => ({
          name: `${shapeName(shape)} over ${axes === undefined ? 'all' : shapeName(axes)}, correction ${correction}${keepDims ? ', dimensions kept' : ''}`,
          ...bounds,
          build: (inputs) => {
            const x = inputs.normal('x', shape, 0.25);
            return () => variance(x, { axes, keepDims, correction });
          },
        }),
      ),
    ),
  ),
  ...[
    [1e4, 1],
    [-1e6, 1],
    [1e7, 0.01],
    [3, 1e-4],
  ].map(
    ([mean, deviation]): OpCase => ({
      name: `deviations of ${deviation} about a mean of ${mean}`,
      ...bounds,
      notTheDerivative: 'a difference of such squares has few digits left',
      build: (inputs) => {
        const x = inputs.normal('x', [3, 1009], mean!, deviation!);
        return () => variance(x, { axes: [-1] });
      },
    }),
  ),
  {
    name: 'an outlier first, and denormals, zeros, infinity and NaN',
    ...bounds,
    notTheDerivative: 'infinity and NaN',
    build: (inputs) => {
      const rows = [
        [1e6, 1, 2, 3, 1],
        [2 ** -140, -(2 ** -141), 0, -0, 2 ** -149],
        [0, -0, 0, -0, -0],
        [1, Number.POSITIVE_INFINITY, 2, 3, 4],
        [Number.NEGATIVE_INFINITY, 1, 2, 3, 4],
        [1, 2, Number.NaN, 3, 4],
      ];
      const x = inputs.given('x', rows.flat(), [6, 5]);
      return () => variance(x, { axes: [-1], correction: 1 });
    },
  },
];
