import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { normalised } from '../../conformance/common_bounds.ts';
import { alongAxisShapes, shapeName } from '../../conformance/shapes.ts';
import { logSoftmax } from './op.ts';

/** Along an axis of one element the gradient is zero: what is left are roundings of the cotangent. */
const gradientBound = nmse(1e-11, 'y and the sum over the axis, each of a few roundings', 1e-6);

export const cases: readonly OpCase[] = [
  ...alongAxisShapes.map(
    ({ shape, axis }): OpCase => ({
      name: `${shapeName(shape)} along ${axis}`,
      forward: normalised,
      gradient: gradientBound,
      build: (inputs) => {
        const x = inputs.normal('x', shape, 0, 3);
        return () => logSoftmax(x, axis);
      },
    }),
  ),
  {
    name: 'masked entries, large values, NaN',
    forward: normalised,
    gradient: gradientBound,
    build: (inputs) => {
      const masked = Number.NEGATIVE_INFINITY;
      const rows = [
        [1, masked, 2, masked],
        [1000, 999, 998, -1000],
        [-3e38, 0, 3e38, 1],
        [0, 0, 0, 0],
      ];
      const x = inputs.constant([5, 4], (i) => rows.flat()[i] ?? Number.NaN);
      return () => logSoftmax(x);
    },
  },
];
