import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { slopes } from '../../conformance/common_bounds.ts';
import { elementShapes, shapeName } from '../../conformance/shapes.ts';
import { swiglu } from './op.ts';

const bound = nmse(1e-12, 'a float32 sigmoid and two products');

export const cases: readonly OpCase[] = [
  ...elementShapes.map(
    (shape): OpCase => ({
      name: shapeName(shape),
      forward: bound,
      gradient: slopes,
      build: (inputs) => {
        const gate = inputs.normal('gate', shape, 0, 3);
        const up = inputs.normal('up', shape);
        return () => swiglu(gate, up);
      },
    }),
  ),
  {
    name: 'both inputs are one tensor',
    forward: bound,
    gradient: slopes,
    build: (inputs) => {
      const x = inputs.normal('x', [3, 11]);
      return () => swiglu(x, x);
    },
  },
];
