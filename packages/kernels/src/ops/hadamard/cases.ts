import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { type HadamardOptions, hadamard } from './op.ts';

const bound = nmse(1e-12, 'log2(size) float32 sums on every way from x to y, which keep its length, and one product');

const settings: readonly (readonly [readonly number[], HadamardOptions])[] = [
  [[0, 8], {}],
  [[3, 0], {}],
  [[1], {}],
  [[5, 2], {}],
  [[3, 7], {}],
  [[2, 12], {}],
  [[2, 3, 16], {}],
  [[5, 32], { factor: 1 }],
  [[3, 48], { size: 8 }],
  [[2, 96], { size: 1, factor: -2 }],
  [[3, 1024], {}],
  [[2, 4096], { size: 2048 }],
  [[65_537, 2], {}],
];

export const cases: readonly OpCase[] = settings.map(([shape, options]) => ({
  name: `${shapeName(shape)} ${JSON.stringify(options)}`,
  forward: bound,
  gradient: bound,
  build: (inputs) => {
    const x = inputs.normal('x', shape);
    return () => hadamard(x, options);
  },
}));
