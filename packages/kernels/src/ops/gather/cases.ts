import type { OpCase } from '../../conformance/case.ts';
import { copied, sumsOf } from '../../conformance/common_bounds.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { specialValues } from '../../conformance/special_values.ts';
import { gather } from './op.ts';

/** Shapes of x and of the index, and the axis. */
export const pickedShapes: readonly {
  readonly shape: readonly number[];
  readonly index: readonly number[];
  readonly axis: number;
}[] = [
  { shape: [1], index: [1], axis: 0 },
  { shape: [7], index: [23], axis: 0 },
  { shape: [5, 3], index: [0, 3], axis: 0 },
  { shape: [0, 3], index: [0, 2], axis: 1 },
  { shape: [5, 7], index: [5, 3], axis: 1 },
  { shape: [5, 7], index: [11, 7], axis: -2 },
  { shape: [5, 7], index: [2, 13], axis: 1 },
  { shape: [3, 5, 7], index: [3, 11, 7], axis: 1 },
  { shape: [3, 5, 7], index: [2, 4, 5], axis: 1 },
  { shape: [2, 3, 4, 5], index: [2, 1, 17, 3], axis: 2 },
  { shape: [3, 131], index: [9, 131], axis: 0 },
  { shape: [70_001, 3], index: [70_001, 2], axis: 1 },
  { shape: [3, 2], index: [70_001, 2], axis: 0 },
];

export const cases: readonly OpCase[] = [
  ...pickedShapes.map(
    ({ shape, index, axis }): OpCase => ({
      name: `${shapeName(index)} of ${shapeName(shape)} along ${axis}`,
      forward: copied,
      gradient: sumsOf(index.at(axis)!),
      build: (inputs) => {
        const x = inputs.normal('x', shape);
        const picked = inputs.ids(index, shape.at(axis)!);
        return () => gather(x, axis, picked);
      },
    }),
  ),
  {
    name: 'special values keep their bits',
    forward: copied,
    gradient: sumsOf(2),
    notTheDerivative: 'at the ends of float32 there is no difference to take',
    build: (inputs) => {
      const x = inputs.given('x', specialValues);
      const picked = inputs.integers([...specialValues.keys(), 0, 0].reverse());
      return () => gather(x, 0, picked);
    },
  },
];
