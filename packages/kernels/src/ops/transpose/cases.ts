import type { OpCase } from '../../conformance/case.ts';
import { copied, oneRounding } from '../../conformance/common_bounds.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { transpose } from './op.ts';

const reorderings: readonly (readonly [readonly number[], readonly number[] | undefined])[] = [
  [[1, 1], undefined],
  [[0, 3], undefined],
  [[7, 13], undefined],
  [
    [65, 129],
    [1, 0],
  ],
  [[3, 5, 7], undefined],
  [
    [2, 5, 3, 8],
    [0, 2, 1, 3],
  ],
  [
    [2, 3, 5],
    [2, 0, 1],
  ],
  [
    [2, 3, 5, 7],
    [3, 1, 2, 0],
  ],
  [
    [3, 4, 5],
    [0, 1, 2],
  ],
  [
    [65_537, 2],
    [1, 0],
  ],
];

export const cases: readonly OpCase[] = reorderings.map(([shape, permutation]) => ({
  name: `${shapeName(shape)} by ${permutation === undefined ? 'the last two' : shapeName(permutation)}`,
  forward: copied,
  gradient: oneRounding,
  build: (inputs) => {
    const x = inputs.normal('x', shape);
    return () => transpose(x, permutation);
  },
}));
