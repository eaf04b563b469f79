import type { OpCase } from '../../conformance/case.ts';
import { float32Sums } from '../../conformance/common_bounds.ts';
import { reductions, shapeName } from '../../conformance/shapes.ts';
import { sum } from './op.ts';

export const cases: readonly OpCase[] = reductions.flatMap(({ shape, axes }) =>
  [false, true].map((keepDims) => ({
    name: `${shapeName(shape)} over ${axes === undefined ? 'all' : shapeName(axes)}${keepDims ? ', dimensions kept' : ''}`,
    forward: float32Sums,
    gradient: float32Sums,
    build: (inputs) => {
      const x = inputs.normal('x', shape, 0.25);
      return () => sum(x, { axes, keepDims });
    },
  })),
);
