import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { normalised, sumsOf } from '../../conformance/common_bounds.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { sizeOfShape } from '../../tensor.ts';
import { instanceNorm } from './op.ts';

const shapes: readonly (readonly number[])[] = [
  [0, 3, 5],
  [2, 0, 5],
  [1, 1, 2],
  [3, 5, 7],
  [2, 3, 5, 4],
];

export const cases: readonly OpCase[] = shapes.flatMap((shape) =>
  [true, false].map((learned): OpCase => {
    const rows = sumsOf(sizeOfShape(shape) / Math.max(1, shape[1]!));
    return {
      name: `${shapeName(shape)}${learned ? '' : ' without gain and bias'}`,
      forward: normalised,
      gradient: nmse(1e-11, normalised.why, 1e-5),
      gradients: { gain: rows, bias: rows },
      build: (inputs) => {
        const x = inputs.normal('x', shape, -0.5, 2);
        const gain = learned ? inputs.normal('gain', [shape[1]!], 1, 0.5) : undefined;
        const bias = learned ? inputs.normal('bias', [shape[1]!]) : undefined;
        return () => instanceNorm(x, gain, bias, 1e-3);
      },
    };
  }),
);
