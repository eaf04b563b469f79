import type { OpCase } from '../../conformance/case.ts';
import { copied, sumsOf } from '../../conformance/common_bounds.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { pickedShapes } from '../gather/cases.ts';
import { scatterAdd } from './op.ts';

export const cases: readonly OpCase[] = [
  ...pickedShapes.map(
    ({ shape, index, axis }): OpCase => ({
      name: `${shapeName(index)} into ${shapeName(shape)} along ${axis}`,
      forward: sumsOf(index.at(axis)! + 1),
      gradient: copied,
      build: (inputs) => {
        const x = inputs.normal('x', shape);
        const source = inputs.normal('source', index);
        const places = inputs.ids(index, shape.at(axis)!);
        return () => scatterAdd(x, axis, places, source);
      },
    }),
  ),
  {
    name: 'one tensor as both',
    forward: sumsOf(3),
    gradient: sumsOf(2),
    build: (inputs) => {
      const x = inputs.normal('x', [5, 3]);
      const places = inputs.ids([5, 3], 5);
      return () => scatterAdd(x, 0, places, x);
    },
  },
  {
    name: 'infinities, NaN, denormals and zeros',
    forward: sumsOf(2),
    gradient: copied,
    notTheDerivative: 'infinity and NaN',
    build: (inputs) => {
      const infinite = Number.POSITIVE_INFINITY;
      const x = inputs.given('x', [1, infinite, 0, -0, 2 ** -149, 5]);
      const source = inputs.given('source', [Number.NaN, -infinite, -0, -0, 2 ** -149, infinite]);
      const places = inputs.integers([0, 1, 2, 3, 4, 5]);
      return () => scatterAdd(x, 0, places, source);
    },
  },
];
