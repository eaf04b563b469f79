import type { OpCase } from '../../conformance/case.ts';
import { products } from '../../conformance/common_bounds.ts';
import { linear } from './op.ts';

/** rows, in, out: zeros, ones, primes, a few rows over panels that are full and one that is not, sizes around the tiles, more rows than 16 bits count, a long sum,
 * and blocks side by side: over 512 columns, over 512 steps, and over 1,024 columns, from where on the left operand is packed. */
const sizes: readonly (readonly [number, number, number])[] = [
  [0, 7, 5],
  [3, 0, 5],
  [3, 7, 0],
  [1, 1, 1],
  [1, 17, 13],
  [2, 3, 31],
  [1, 50, 71],
  [2, 37, 64],
  [3, 33, 67],
  [4, 300, 66],
  [5, 67, 7],
  [5, 290, 71],
  [7, 37, 64],
  [8, 273, 129],
  [6, 16, 16],
  [7, 31, 33],
  [13, 129, 97],
  [64, 64, 256],
  [50, 529, 560],
  [61, 530, 1040],
  [65_537, 2, 3],
  [2, 16_384, 3],
];

export const cases: readonly OpCase[] = sizes.flatMap(([rows, width, out]) =>
  ['', 'bias', 'bias and residual'].map((extra) => ({
    name: `${rows} rows, ${width} to ${out}${extra === '' ? '' : ` with ${extra}`}`,
    forward: products,
    gradient: products,
    build: (inputs) => {
      const x = inputs.normal('x', [rows, width]);
      const weight = inputs.normal('weight', [out, width]);
      const bias = extra === '' ? undefined : inputs.normal('bias', [out]);
      const residual = extra === 'bias and residual' ? inputs.normal('residual', [rows, out]) : undefined;
      return () => linear(x, weight, bias, residual);
    },
  })),
);
