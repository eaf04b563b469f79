import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { normalised, sumsOf } from '../../conformance/common_bounds.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { sizeOfShape } from '../../tensor.ts';
import { scaleNorm } from './op.ts';

export const cases: readonly OpCase[] = [
  [0, 4],
  [1, 1],
  [2, 3, 17],
  [5, 64],
  [65_537, 3],
].map((shape) => ({
  name: shapeName(shape),
  forward: normalised,
  gradient: nmse(1e-11, normalised.why, 1e-5),
  gradients: { gain: sumsOf(sizeOfShape(shape)) },
  build: (inputs) => {
    const x = inputs.normal('x', shape);
    const gain = inputs.given('gain', [3.5]);
    return () => scaleNorm(x, gain);
  },
}));
