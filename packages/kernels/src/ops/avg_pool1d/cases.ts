import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { shapeName } from '../../conformance/shapes.ts';
import type { Pool1dOptions } from '../pools.ts';
import { avgPool1d } from './op.ts';

const means = nmse(1e-12, 'sums of a window in one chain, and one division', 1e-6);

const lines: readonly (readonly [readonly [number, number, number], Pool1dOptions])[] = [
  [[0, 3, 5], { kernel: 2 }],
  [[1, 1, 1], { kernel: 1 }],
  [[2, 3, 13], { kernel: 3, stride: 2 }],
  [[2, 3, 13], { kernel: 4, stride: 3, padding: 2, ceilMode: true }],
  [[1, 2, 4099], { kernel: 7, stride: 2, padding: 3 }],
];

export const cases: readonly OpCase[] = lines.map(([line, options]) => ({
  name: `${shapeName(line)} ${JSON.stringify(options)}`,
  forward: means,
  gradient: means,
  build: (inputs) => {
    const x = inputs.normal('x', line);
    return () => avgPool1d(x, options);
  },
}));
