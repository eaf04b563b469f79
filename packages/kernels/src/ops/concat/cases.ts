import type { OpCase } from '../../conformance/case.ts';
import { copied, oneRounding } from '../../conformance/common_bounds.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { copy } from '../copy/op.ts';
import { concat, writeSlice } from './op.ts';

const joins: readonly (readonly [readonly (readonly number[])[], number])[] = [
  [[[3]], 0],
  [[[2], [0], [5]], 0],
  [
    [
      [2, 3],
      [4, 3],
    ],
    0,
  ],
  [
    [
      [2, 3],
      [2, 5],
      [2, 1],
    ],
    1,
  ],
  [
    [
      [2, 3, 4],
      [2, 7, 4],
    ],
    -2,
  ],
  [
    [
      [3, 5, 7],
      [3, 5, 11],
    ],
    -1,
  ],
];

export const cases: readonly OpCase[] = [
  ...joins.map(
    ([shapes, axis]): OpCase => ({
      name: `${shapes.map(shapeName).join(', ')} along ${axis}`,
      forward: copied,
      gradient: oneRounding,
      build: (inputs) => {
        const parts = shapes.map((shape, index) => inputs.normal(`part ${index}`, shape));
        return () => concat(parts, axis);
      },
    }),
  ),
  {
    name: 'written into a longer tensor',
    forward: copied,
    gradient: copied,
    build: (inputs) => {
      const cache = inputs.constantNormal([2, 9, 3]);
      const rows = inputs.constantNormal([2, 4, 3]);
      return () => {
        const filled = copy(cache);
        writeSlice(filled, rows, 1, 5);
        return filled;
      };
    },
  },
];
