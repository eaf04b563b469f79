import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { normalised, sumsOf } from '../../conformance/common_bounds.ts';
import { rowShapes, shapeName } from '../../conformance/shapes.ts';
import { sizeOfShape } from '../../tensor.ts';
import { rmsNorm } from './op.ts';

/** A row of one element is normalised to ±1, so its gradient nearly cancels. */
const gradientBound = nmse(1e-11, normalised.why, 1e-5);

export const cases: readonly OpCase[] = [
  ...rowShapes.flatMap((shape) =>
    ['gain', 'gain stored minus 1', 'nothing'].map(
      (learned): OpCase => ({
        name: `${shapeName(shape)} with ${learned}`,
        forward: normalised,
        gradient: gradientBound,
        gradients: { gain: sumsOf(sizeOfShape(shape.slice(0, -1))) },
        build: (inputs) => {
          const x = inputs.normal('x', shape, 0.5, 2);
          const gain = learned === 'nothing' ? undefined : inputs.normal('gain', [shape.at(-1)!], 1, 0.5);
          return () => rmsNorm(x, gain, 1e-6, learned === 'gain stored minus 1' ? 1 : 0);
        },
      }),
    ),
  ),
  {
    name: 'rows of zeros',
    notTheDerivative: 'the slope is 1000 there and bends within 1e-3: a difference would need a step of its own',
    forward: normalised,
    gradient: gradientBound,
    build: (inputs) => {
      const x = inputs.given('x', new Array<number>(21).fill(0), [3, 7]);
      const gain = inputs.normal('gain', [7]);
      return () => rmsNorm(x, gain, 1e-6);
    },
  },
];
