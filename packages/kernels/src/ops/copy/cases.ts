import type { OpCase } from '../../conformance/case.ts';
import { copied } from '../../conformance/common_bounds.ts';
import { specialValues } from '../../conformance/special_values.ts';
import { copy } from './op.ts';

export const cases: readonly OpCase[] = [
  ...[[0], [1], [7, 13], [100_003]].map(
    (shape): OpCase => ({
      name: `[${shape.join(', ')}]`,
      forward: copied,
      gradient: copied,
      build: (inputs) => {
        const x = inputs.normal('x', shape);
        return () => copy(x);
      },
    }),
  ),
  {
    name: 'special values',
    notTheDerivative: 'at the ends of float32 there is no difference to take',
    forward: copied,
    gradient: copied,
    build: (inputs) => {
      const x = inputs.given('x', specialValues);
      return () => copy(x);
    },
  },
];
