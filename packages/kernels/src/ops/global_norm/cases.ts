import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { concat } from '../concat/op.ts';
import { copy } from '../copy/op.ts';
import { clipByGlobalNorm, globalNorm } from './op.ts';

const bound = nmse(1e-12, 'one sum of squares over all gradients, in fixed chunks');
const sizes = [1, 0, 13, 4097, 70_001];

export const cases: readonly OpCase[] = [
  {
    name: 'the norm of several tensors',
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const gradients = sizes.map((size) => inputs.constantNormal([size]));
      return () => globalNorm(gradients);
    },
  },
  ...[0.5, 1e6].map(
    (maxNorm): OpCase => ({
      name: `clipped to ${maxNorm}`,
      forward: bound,
      gradient: bound,
      build: (inputs) => {
        const gradients = sizes.map((size) => inputs.constantNormal([size]));
        return () => {
          const clipped = gradients.map(copy);
          clipByGlobalNorm(clipped, maxNorm);
          return concat(clipped, 0);
        };
      },
    }),
  ),
  {
    name: 'a NaN stays visible',
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const gradient = inputs.constant([5], (i) => (i === 3 ? Number.NaN : i));
      return () => {
        const clipped = copy(gradient);
        clipByGlobalNorm([clipped], 1);
        return clipped;
      };
    },
  },
];
