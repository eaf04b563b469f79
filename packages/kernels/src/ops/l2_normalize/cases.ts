import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { normalised } from '../../conformance/common_bounds.ts';
import { alongAxisShapes, shapeName } from '../../conformance/shapes.ts';
import { l2Normalize } from './op.ts';

export const cases: readonly OpCase[] = alongAxisShapes.map(({ shape, axis }) => ({
  name: `${shapeName(shape)} along ${axis}`,
  forward: normalised,
  gradient: nmse(1e-11, normalised.why, 1e-5),
  build: (inputs) => {
    const x = inputs.normal('x', shape);
    return () => l2Normalize(x, axis);
  },
}));
