import type { OpCase } from '../../conformance/case.ts';
import { copied, sumsOf } from '../../conformance/common_bounds.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { sizeOfShape } from '../../tensor.ts';
import { embedding } from './op.ts';

/** Shape of ids, vocabulary, width. */
const sizes: readonly (readonly [readonly number[], number, number])[] = [
  [[0], 5, 4],
  [[1], 1, 1],
  [[2, 7], 11, 7],
  [[3, 65], 13, 33],
  [[70_001], 3, 2],
  [[5], 1009, 17],
];

export const cases: readonly OpCase[] = [
  ...sizes.map(
    ([shape, vocabulary, width]): OpCase => ({
      name: `${shapeName(shape)} of ${vocabulary} x ${width}`,
      forward: copied,
      gradient: sumsOf(sizeOfShape(shape)),
      build: (inputs) => {
        const table = inputs.normal('table', [vocabulary, width]);
        const ids = inputs.ids(shape, vocabulary);
        return () => embedding(ids, table);
      },
    }),
  ),
  {
    name: 'a padding row gets no gradient',
    notTheDerivative: 'the padding row is held fixed',
    forward: copied,
    gradient: sumsOf(3),
    build: (inputs) => {
      const table = inputs.normal('table', [5, 3]);
      const ids = inputs.integers([2, 1, 2, 4, 2]);
      return () => embedding(ids, table, { paddingIndex: 2 });
    },
  },
];
