import { exact } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { copied } from '../../conformance/common_bounds.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { specialValues } from '../../conformance/special_values.ts';
import type { Tensor } from '../../tensor.ts';
import { concat } from '../concat/op.ts';
import { embedding } from '../embedding/op.ts';
import { type TopKOptions, topK } from './op.ts';

const bounds = { forward: exact('values are moved, and indices are integers'), gradient: copied };

/** Values, and behind them the indices as floats: rows of a table of the numbers themselves. */
function both(x: Tensor, k: number, options: TopKOptions, numbers: Tensor): Tensor {
  const { values, indices } = topK(x, k, options);
  return concat([values, embedding(indices, numbers).reshape(indices.shape)], 0);
}

const sizes: readonly (readonly [readonly number[], number, TopKOptions])[] = [
  [[1], 1, {}],
  [[5, 7], 0, {}],
  [[0, 5], 2, {}],
  [[5, 7], 7, {}],
  [[17, 8], 2, {}],
  [[3, 257], 5, { largest: false }],
  [[3, 1009], 100, {}],
  [[2, 61, 3], 4, { axis: 1 }],
  [[64, 19], 3, { axis: 0, largest: false }],
  [[70_001, 2], 1, {}],
  [[7, 50], 50, { axis: 0 }],
];

export const cases: readonly OpCase[] = [
  ...sizes
    .filter(([shape, k, { axis = -1 }]) => k <= shape.at(axis)!)
    .map(
      ([shape, k, options]): OpCase => ({
        name: `${k} of ${shapeName(shape)} ${JSON.stringify(options)}`,
        ...bounds,
        build: (inputs) => {
          const x = inputs.normal('x', shape, 0, 10);
          const numbers = inputs.constant([shape.at(options.axis ?? -1)!, 1], (i) => i);
          return () => both(x, k, options, numbers);
        },
      }),
    ),
  ...[true, false].flatMap((largest): OpCase[] => [
    {
      name: `ties of ${largest ? 'the largest' : 'the smallest'}: the lowest index comes first`,
      ...bounds,
      notTheDerivative: 'where elements tie there is none',
      build: (inputs) => {
        const x = inputs.given(
          'x',
          Array.from({ length: 31 * 67 }, () => inputs.drawBelow(4)),
          [31, 67],
        );
        const numbers = inputs.constant([67, 1], (i) => i);
        return () => both(x, 9, { largest }, numbers);
      },
    },
    {
      name: `special values, ${largest ? 'the largest' : 'the smallest'} first: NaN before all, 0 and -0 tie`,
      ...bounds,
      notTheDerivative: 'at the ends of float32 there is no difference to take',
      build: (inputs) => {
        const count = specialValues.length;
        // turned round by one more in each row, so that every value meets every lane
        const rows = Array.from({ length: count }, (_, row) =>
          [...specialValues, ...specialValues].map((_, i) => specialValues[(i + row) % count]!),
        );
        const x = inputs.given('x', rows.flat(), [count, 2 * count]);
        const numbers = inputs.constant([2 * count, 1], (i) => i);
        return () => both(x, 2 * count - 3, { largest }, numbers);
      },
    },
  ]),
];
