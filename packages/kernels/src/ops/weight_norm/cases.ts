import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { normalised } from '../../conformance/common_bounds.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { weightNorm } from './op.ts';

const sizes: readonly (readonly [readonly number[], number])[] = [
  [[0, 3], 0],
  [[3], 0],
  [[5, 7], 0],
  [[5, 7], 1],
  [[4, 3, 5], 0],
  [[4, 3, 5], 1],
  [[2, 3, 3, 5], -1],
];

export const cases: readonly OpCase[] = sizes.map(([shape, axis]) => ({
  name: `${shapeName(shape)} along ${axis}`,
  forward: normalised,
  gradient: nmse(1e-11, normalised.why, 1e-5),
  build: (inputs) => {
    const direction = inputs.normal('direction', shape);
    const kept = axis < 0 ? axis + shape.length : axis;
    const magnitude = inputs.normal(
      'magnitude',
      shape.map((extent, i) => (i === kept ? extent : 1)),
    );
    return () => weightNorm(direction, magnitude, axis);
  },
}));
