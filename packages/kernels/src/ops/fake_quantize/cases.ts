import { exact, nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { specialValues } from '../../conformance/special_values.ts';
import { fakeQuantize } from './op.ts';

const forward = exact('one division, rounded once, decides the code; a code times the scale is one product');
const notTheDerivative = 'the gradient goes straight through the rounding';

/** x and the scale: none, one, primes, one for all, one for each leading extent, more than a piece, more runs than 16 bits count. */
const shapes: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [0, 5],
    [0, 1],
  ],
  [[3, 0], [3]],
  [[1], [1]],
  [[7, 13], [1]],
  [[7, 13], []],
  [
    [7, 13],
    [7, 1],
  ],
  [
    [2, 3, 5, 11],
    [2, 3, 1, 1],
  ],
  [
    [2, 3, 17],
    [2, 3],
  ],
  [[20_011], [1]],
  [
    [3, 9001],
    [3, 1],
  ],
  [
    [70_001, 2],
    [70_001, 1],
  ],
];

export const cases: readonly OpCase[] = [
  ...shapes.flatMap(([shape, ofScale]) =>
    [false, true].map((shifted): OpCase => {
      const width =
        shape.reduce((product, extent) => product * extent, 1) /
        Math.max(
          1,
          ofScale.reduce((a, b) => a * b, 1),
        );
      const sums = nmse(1e-11, `sums of up to ${width} float32 terms that cancel`, width * 2 ** -23);
      return {
        name: `${shapeName(shape)} by ${shapeName(ofScale)}${shifted ? ', zero point' : ''}`,
        forward,
        gradient: exact('a gradient passes or does not'),
        gradients: { scale: sums, zeroPoint: sums },
        notTheDerivative,
        build: (inputs) => {
          const x = inputs.normal('x', shape);
          const scale = inputs.uniform('scale', ofScale, 0.1, 0.4);
          const zeroPoint = shifted ? inputs.uniform('zeroPoint', ofScale, -3, 5) : undefined;
          return () => fakeQuantize(x, scale, { lowest: -4, highest: 3, zeroPoint, gradientFactor: 0.25 });
        },
      };
    }),
  ),
  {
    name: 'halves go to the even code, what is far outside to the end',
    forward,
    gradient: exact('a gradient passes or does not'),
    notTheDerivative,
    build: (inputs) => {
      const x = inputs.given('x', [-1e9, -8.6, -8.5, -2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 7.5, 7.4, 8_388_609, 1e30]);
      const scale = inputs.constant([1], () => 1);
      return () => fakeQuantize(x, scale, { lowest: -8, highest: 7 });
    },
  },
  {
    name: 'special values: NaN stays, infinities are clamped',
    forward,
    gradient: exact('a gradient passes or does not'),
    notTheDerivative,
    build: (inputs) => {
      const x = inputs.given('x', specialValues);
      const scale = inputs.constant([1], () => 0.25);
      return () => fakeQuantize(x, scale, { lowest: -128, highest: 127 });
    },
  },
  {
    name: 'special scales: by 0, by what is no number, by the least and the largest',
    forward,
    gradient: exact('a gradient passes or does not'),
    notTheDerivative,
    build: (inputs) => {
      const x = inputs.constant([specialValues.length, 5], (i) => [-3, -0, 0.5, 1e-40, 1e30][i % 5]!);
      const scale = inputs.constant([specialValues.length, 1], (i) => specialValues[i]!);
      return () => fakeQuantize(x, scale, { lowest: -8, highest: 7 });
    },
  },
];
