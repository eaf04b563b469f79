import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { normalised } from '../../conformance/common_bounds.ts';
import { channelShapes, shapeName } from '../../conformance/shapes.ts';
import { localResponseNorm } from './op.ts';

export const cases: readonly OpCase[] = [...channelShapes, [65_537, 2]].flatMap((shape) =>
  (shape[0]! > 1000 ? [3] : [1, 2, 3, 11]).map((size) => ({
    name: `${shapeName(shape)} in windows of ${size}`,
    forward: normalised,
    gradient: nmse(1e-11, normalised.why, 1e-6),
    build: (inputs) => {
      const x = inputs.normal('x', shape);
      return () => localResponseNorm(x, { size, alpha: 0.3, k: 2 });
    },
  })),
);
