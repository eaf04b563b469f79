import type { Tensor } from '../tensor.ts';
import { sizeOfShape } from '../tensor.ts';
import type { Inputs, OpCase } from './case.ts';
import { oneRounding, sumsOf } from './common_bounds.ts';
import { broadcastShapePairs, shapeName } from './shapes.ts';
import { specialPairs } from './special_values.ts';

/** Draws the right operand; where the op divides by it, away from 0. */
type DrawRight = (inputs: Inputs, name: string, shape: readonly number[]) => Tensor;

/** The cases of an IEEE operation of two elements: shapes that broadcast, special values, one tensor as both operands. */
export function binaryCases(
  compute: (a: Tensor, b: Tensor) => Tensor,
  drawRight: DrawRight = (inputs, name, shape) => inputs.normal(name, shape),
): readonly OpCase[] {
  return [
    ...broadcastShapePairs.map(
      ([a, b]): OpCase => ({
        name: `${shapeName(a)} with ${shapeName(b)}`,
        forward: oneRounding,
        // an operand's gradient is summed over at most all elements of the result
        gradient: sumsOf(Math.max(sizeOfShape(a), sizeOfShape(b))),
        build: (inputs) => {
          const left = inputs.normal('a', a);
          const right = drawRight(inputs, 'b', b);
          return () => compute(left, right);
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
        return () => compute(left, right);
      },
    },
    {
      name: 'both operands are one tensor',
      forward: oneRounding,
      gradient: sumsOf(2),
      build: (inputs) => {
        const x = inputs.uniform('x', [5, 7], 0.5, 2);
        return () => compute(x, x);
      },
    },
  ];
}
