import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { alongAxisShapes, shapeName } from '../../conformance/shapes.ts';
import { cumsum } from './op.ts';

const bound = nmse(1e-12, 'sums in double, or in float32 in runs of 64 that are summed first', 1e-6);

export const cases: readonly OpCase[] = [
  ...[
    ...alongAxisShapes,
    { shape: [5, 0], axis: 1 },
    { shape: [1], axis: 0 },
    { shape: [100_003], axis: 0 },
    { shape: [7, 64], axis: 1 },
    { shape: [3, 4099], axis: -1 },
    { shape: [3, 131, 17], axis: 1 },
    { shape: [70_001, 2], axis: 0 },
  ].map(
    ({ shape, axis }): OpCase => ({
      name: `${shapeName(shape)} along ${axis}`,
      forward: bound,
      gradient: bound,
      build: (inputs) => {
        const x = inputs.normal('x', shape, 0.1);
        return () => cumsum(x, axis);
      },
    }),
  ),
  {
    name: 'denormals, zeros, infinities, NaN',
    forward: bound,
    gradient: bound,
    notTheDerivative: 'NaN and infinity',
    build: (inputs) => {
      const rows = [
        [2 ** -149, 2 ** -149, -(2 ** -140), 0],
        [-0, -0, 0, -0],
        [1, Number.POSITIVE_INFINITY, 1, Number.NEGATIVE_INFINITY],
        [1, 2, Number.NaN, 4],
      ];
      const x = inputs.given('x', rows.flat(), [4, 4]);
      return () => cumsum(x);
    },
  },
];
