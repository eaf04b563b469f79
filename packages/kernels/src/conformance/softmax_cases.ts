import type { Tensor } from '../tensor.ts';
import { nmse } from './bounds.ts';
import type { OpCase } from './case.ts';
import { normalised } from './common_bounds.ts';
import { alongAxisShapes, shapeName } from './shapes.ts';

/** Along an axis of one element the gradient is zero: what is left are roundings of the cotangent. */
const gradient = nmse(1e-11, 'y and the sum over the axis, each of a few roundings', 1e-6);

/** The cases of softmax and of its logarithm. */
export function softmaxCases(compute: (x: Tensor, axis?: number) => Tensor): readonly OpCase[] {
  return [
    ...alongAxisShapes.map(
      ({ shape, axis }): OpCase => ({
        name: `${shapeName(shape)} along ${axis}`,
        forward: normalised,
        gradient,
        build: (inputs) => {
          const x = inputs.normal('x', shape, 0, 3);
          return () => compute(x, axis);
        },
      }),
    ),
    {
      name: 'masked entries, large values, NaN',
      forward: normalised,
      gradient,
      build: (inputs) => {
        const masked = Number.NEGATIVE_INFINITY;
        const rows = [
          [1, masked, 2, masked],
          [1000, 999, 998, -1000],
          [-3e38, 0, 3e38, 1],
          [0, 0, 0, 0],
        ];
        const x = inputs.constant([5, 4], (i) => rows.flat()[i] ?? Number.NaN);
        return () => compute(x);
      },
    },
  ];
}
