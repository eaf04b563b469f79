import type { OpCase } from '../../conformance/case.ts';
import { products, sumsOf } from '../../conformance/common_bounds.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { type Conv2dOptions, conv2d } from './op.ts';

type Shape4 = readonly [number, number, number, number];

/** Images, weight, how the windows move: zeros, ones, primes, windows as large as the image, more positions than are written out at once, a long sum. */
const shapes: readonly (readonly [Shape4, Shape4, Conv2dOptions])[] = [
  [[0, 3, 5, 5], [2, 3, 3, 3], {}],
  [[2, 0, 5, 5], [3, 0, 3, 3], {}],
  [[2, 3, 5, 5], [0, 3, 3, 3], {}],
  [[2, 3, 0, 5], [2, 3, 1, 3], { padding: [1, 0] }],
  [[1, 1, 1, 1], [1, 1, 1, 1], {}],
  [[1, 1, 3, 3], [1, 1, 3, 3], {}],
  [[2, 3, 7, 5], [5, 3, 3, 3], { padding: 1 }],
  [[3, 5, 4, 11], [7, 5, 1, 1], {}],
  [[3, 5, 7, 11], [7, 5, 1, 1], { stride: 2 }],
  [[2, 4, 9, 8], [6, 2, 3, 2], { stride: [2, 3], padding: [1, 2], groups: 2 }],
  [[2, 6, 7, 7], [6, 1, 3, 3], { padding: 1, groups: 6 }],
  [[2, 3, 6, 7], [6, 1, 2, 3], { stride: 2, groups: 3 }],
  [[1, 2, 11, 13], [3, 2, 3, 2], { dilation: [2, 5], padding: [2, 3] }],
  [[1, 2, 5, 4], [3, 2, 2, 2], { stride: 7, padding: 3 }],
  [[1, 3, 37, 41], [4, 3, 5, 5], { padding: 2 }],
  [[1, 101, 3, 3], [13, 101, 3, 3], { padding: 1 }],
  [[2, 16, 9, 9], [32, 16, 3, 3], { padding: 1 }],
  [[1, 3, 47, 23], [16, 3, 4, 4], { stride: 4 }],
  [[3, 1031, 1, 2], [5, 1031, 1, 1], {}],
];

export const cases: readonly OpCase[] = [
  ...shapes.flatMap(([image, window, options]) =>
    [false, true].map(
      (biased): OpCase => ({
        name: `${shapeName(image)} by ${shapeName(window)} ${JSON.stringify(options)}${biased ? ' with bias' : ''}`,
        forward: products,
        gradient: products,
        gradients: { bias: sumsOf(image[0] * image[2] * image[3]) },
        build: (inputs) => {
          const x = inputs.normal('x', image);
          const weight = inputs.normal('weight', window);
          const bias = biased ? inputs.normal('bias', [window[0]]) : undefined;
          return () => conv2d(x, weight, bias, options);
        },
      }),
    ),
  ),
  {
    name: 'one tensor in two places',
    forward: products,
    gradient: products,
    build: (inputs) => {
      const x = inputs.normal('x', [3, 3, 4, 4]);
      return () => conv2d(x, x, undefined, { padding: 1 });
    },
  },
  {
    name: 'NaN, infinities and denormals reach the windows that see them',
    forward: products,
    gradient: products,
    notTheDerivative: 'at infinity there is no difference to take',
    build: (inputs) => {
      const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** -149, 2 ** -130, 0, -0];
      const x = inputs.given(
        'x',
        Array.from({ length: 98 }, (_, i) => (i % 14 === 3 ? special[(i - 3) / 14]! : (i % 5) - 1.75)),
        [1, 2, 7, 7],
      );
      const weight = inputs.normal('weight', [3, 2, 2, 2], 1, 0.25);
      return () => conv2d(x, weight, undefined, { padding: 1, stride: 2 });
    },
  },
];
