import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { normalised, sumsOf } from '../../conformance/common_bounds.ts';
import { rowShapes, shapeName } from '../../conformance/shapes.ts';
import { sizeOfShape } from '../../tensor.ts';
import { layerNorm } from './op.ts';

const farFromZero = nmse(
  1e-8,
  'with a mean of 1,000 times the spread, x - mean carries the rounding of a float32 mean near 1,000: 3e-5 of the spread',
);
/** A row of one element has variance 0: its gradient is zero but for roundings times 1/sqrt(eps). */
const gradientBound = nmse(1e-11, normalised.why, 1e-5);

export const cases: readonly OpCase[] = [
  ...rowShapes.flatMap((shape) =>
    ['gain and bias', 'gain', 'nothing'].map(
      (learned): OpCase => ({
        name: `${shapeName(shape)} with ${learned}`,
        forward: normalised,
        gradient: gradientBound,
        gradients: { gain: sumsOf(sizeOfShape(shape.slice(0, -1))), bias: sumsOf(sizeOfShape(shape.slice(0, -1))) },
        build: (inputs) => {
          const width = [shape.at(-1)!];
          const x = inputs.normal('x', shape, 0.5, 2);
          const gain = learned === 'nothing' ? undefined : inputs.normal('gain', width, 1, 0.5);
          const bias = learned === 'gain and bias' ? inputs.normal('bias', width) : undefined;
          return () => layerNorm(x, gain, bias);
        },
      }),
    ),
  ),
  {
    name: 'a mean far from zero',
    forward: farFromZero,
    gradient: farFromZero,
    build: (inputs) => {
      const x = inputs.normal('x', [5, 129], 1000, 1);
      const gain = inputs.normal('gain', [129]);
      return () => layerNorm(x, gain);
    },
  },
  {
    name: 'a gain whose input needs no gradient',
    forward: normalised,
    gradient: gradientBound,
    build: (inputs) => {
      const x = inputs.constantNormal([7, 33]);
      const gain = inputs.normal('gain', [33]);
      return () => layerNorm(x, gain);
    },
  },
];
