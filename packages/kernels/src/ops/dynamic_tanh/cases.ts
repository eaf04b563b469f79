import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { sumsOf } from '../../conformance/common_bounds.ts';
import { rowShapes, shapeName } from '../../conformance/shapes.ts';
import { sizeOfShape } from '../../tensor.ts';
import { dynamicTanh } from './op.ts';

const bound = nmse(1e-11, 'a float32 tanh and a product; the gradient of alpha is one sum over everything');

export const cases: readonly OpCase[] = rowShapes.flatMap((shape) =>
  [true, false].map((learned) => ({
    name: `${shapeName(shape)}${learned ? '' : ' without gain and bias'}`,
    forward: bound,
    gradient: bound,
    gradients: {
      alpha: sumsOf(sizeOfShape(shape)),
      gain: sumsOf(sizeOfShape(shape.slice(0, -1))),
      bias: sumsOf(sizeOfShape(shape.slice(0, -1))),
    },
    build: (inputs) => {
      const width = [shape.at(-1)!];
      const x = inputs.normal('x', shape, 0, 3);
      const alpha = inputs.given('alpha', [0.7]);
      const gain = learned ? inputs.normal('gain', width) : undefined;
      const bias = learned ? inputs.normal('bias', width) : undefined;
      return () => dynamicTanh(x, alpha, gain, bias);
    },
  })),
);
