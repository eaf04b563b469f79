import type { OpCase } from '../../conformance/case.ts';
import { copied, sumsOf } from '../../conformance/common_bounds.ts';
import { poolCases, specialImage } from '../../conformance/pool_cases.ts';
import { maxPool2d } from './op.ts';

export const cases: readonly OpCase[] = [
  ...poolCases('', copied, maxPool2d, sumsOf(16)),
  {
    name: 'ties: the first takes the gradient',
    forward: copied,
    gradient: sumsOf(4),
    notTheDerivative: 'a maximum has none where two are equal',
    build: (inputs) => {
      const x = inputs.given(
        'x',
        Array.from({ length: 98 }, (_, i) => Math.floor(i / 3) % 4),
        [1, 2, 7, 7],
      );
      return () => maxPool2d(x, { kernel: 3, stride: 2, padding: 1 });
    },
  },
  {
    name: 'NaN, infinities and denormals',
    forward: copied,
    gradient: sumsOf(4),
    notTheDerivative: 'at infinity there is no difference to take',
    build: (inputs) => {
      const x = inputs.given(
        'x',
        Array.from({ length: 81 }, (_, i) => specialImage(i)),
        [1, 1, 9, 9],
      );
      return () => maxPool2d(x, { kernel: 2, stride: 1, padding: 1 });
    },
  },
];
