import { ulp } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { scale } from './op.ts';

const bound = ulp(2, 'the factor is rounded to float32, then the product; the gradient that is added rounds once more');

export const cases: readonly OpCase[] = [[0], [1], [7, 13], [100_003]].map((shape) => ({
  name: `[${shape.join(', ')}]`,
  forward: bound,
  gradient: ulp(2, bound.why, 1e-6),
  build: (inputs) => {
    const x = inputs.normal('x', shape);
    return () => scale(x, -0.3);
  },
}));
