import type { OpCase } from '../../conformance/case.ts';
import { oneRounding, sumsOf } from '../../conformance/common_bounds.ts';
import { broadcastShapePairs, shapeName } from '../../conformance/shapes.ts';
import { specialPairs } from '../../conformance/special_values.ts';
import { sizeOfShape } from '../../tensor.ts';
import { div } from './op.ts';

export const cases: readonly OpCase[] = [
  ...broadcastShapePairs.map(
    ([a, b]): OpCase => ({
      name: `${shapeName(a)} with ${shapeName(b)}`,
      forward: oneRounding,
      gradient: sumsOf(terms(a, b)),
      build: (inputs) => {
        const left = inputs.normal('a', a);
        const right = inputs.uniform('b', b, 0.5, 2);
        return () => div(left, right);
      },
    }),
  ),
  {
    name: 'special values',
    forward: oneRounding,
    gradient: sumsOf(1),
    build: (inputs) => {
      const left = inputs.constant([specialPairs.length], (i) => specialPairs[i]![0]);
      const right = inputs.constant([specialPairs.length], (i) => specialPairs[i]![1]);
      return () => div(left, right);
    },
  },
  {
    name: 'both operands are one tensor',
    forward: oneRounding,
    gradient: sumsOf(2),
    build: (inputs) => {
      const x = inputs.uniform('x', [5, 7], 0.5, 2);
      return () => div(x, x);
    },
  },
];

/** How many elements of the result an operand may be summed over. */
function terms(a: readonly number[], b: readonly number[]): number {
  return Math.max(sizeOfShape(a), sizeOfShape(b));
}
