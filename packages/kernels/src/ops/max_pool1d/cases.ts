import type { OpCase } from '../../conformance/case.ts';
import { copied, sumsOf } from '../../conformance/common_bounds.ts';
import { shapeName } from '../../conformance/shapes.ts';
import type { Pool1dOptions } from '../pools.ts';
import { maxPool1d } from './op.ts';

const lines: readonly (readonly [readonly [number, number, number], Pool1dOptions])[] = [
  [[0, 3, 5], { kernel: 2 }],
  [[1, 1, 1], { kernel: 1 }],
  [[2, 3, 13], { kernel: 3, stride: 2 }],
  [[2, 3, 13], { kernel: 4, stride: 3, padding: 2, ceilMode: true }],
  [[1, 2, 4099], { kernel: 7, stride: 2, padding: 3 }],
];

export const cases: readonly OpCase[] = lines.map(([line, options]) => ({
  name: `${shapeName(line)} ${JSON.stringify(options)}`,
  forward: copied,
  gradient: sumsOf(4),
  build: (inputs) => {
    const x = inputs.normal('x', line);
    return () => maxPool1d(x, options);
  },
}));
