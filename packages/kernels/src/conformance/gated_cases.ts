import type { Tensor } from '../tensor.ts';
import { nmse } from './bounds.ts';
import type { OpCase } from './case.ts';
import { slopes } from './common_bounds.ts';
import { elementShapes, shapeName } from './shapes.ts';
import { specialPairs } from './special_values.ts';

/** The cases of a gated unit: shapes, one tensor in both places, special values. */
export function gatedCases(name: string, compute: (gate: Tensor, up: Tensor) => Tensor): OpCase[] {
  const bound = nmse(1e-12, 'a float32 activation and a product');
  return [
    ...elementShapes.map(
      (shape): OpCase => ({
        name: `${name} of ${shapeName(shape)}`,
        forward: bound,
        gradient: slopes,
        build: (inputs) => {
          const gate = inputs.normal('gate', shape, 0, 3);
          const up = inputs.normal('up', shape);
          return () => compute(gate, up);
        },
      }),
    ),
    {
      name: `${name} with one tensor in both places`,
      forward: bound,
      gradient: slopes,
      build: (inputs) => {
        const x = inputs.normal('x', [3, 11]);
        return () => compute(x, x);
      },
    },
    {
      name: `${name} of special values`,
      forward: bound,
      gradient: slopes,
      build: (inputs) => {
        // products that leave float32 are the multiplication's own affair
        const pairs = specialPairs.filter((pair) => pair.every((value) => !(Math.abs(value) > 1e30)));
        const gate = inputs.constant([pairs.length], (i) => pairs[i]![0]);
        const up = inputs.constant([pairs.length], (i) => pairs[i]![1]);
        return () => compute(gate, up);
      },
    },
  ];
}
