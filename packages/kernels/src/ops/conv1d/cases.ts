import type { OpCase } from '../../conformance/case.ts';
import { products, sumsOf } from '../../conformance/common_bounds.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { type Conv1dOptions, conv1d } from './op.ts';

type Shape3 = readonly [number, number, number];

const shapes: readonly (readonly [Shape3, Shape3, Conv1dOptions])[] = [
  [[0, 3, 5], [2, 3, 3], {}],
  [[1, 1, 1], [1, 1, 1], {}],
  [[2, 3, 17], [5, 3, 3], { padding: 1 }],
  [[2, 4, 13], [6, 2, 4], { stride: 3, padding: 2, groups: 2 }],
  [[3, 5, 11], [5, 1, 3], { padding: 2, dilation: 2, groups: 5 }],
  [[1, 2, 4099], [3, 2, 7], { padding: 3 }],
  [[70_001, 1, 3], [2, 1, 2], {}],
];

export const cases: readonly OpCase[] = shapes.map(([line, window, options]) => ({
  name: `${shapeName(line)} by ${shapeName(window)} ${JSON.stringify(options)}`,
  forward: products,
  // with very many lines the weight's gradient is a sum of as many terms, which cancel
  gradient: line[0] > 1000 ? sumsOf(line[0] * line[2]) : products,
  gradients: { bias: sumsOf(line[0] * line[2]) },
  build: (inputs) => {
    const x = inputs.normal('x', line);
    const weight = inputs.normal('weight', window);
    const bias = inputs.normal('bias', [window[0]]);
    return () => conv1d(x, weight, bias, options);
  },
}));
