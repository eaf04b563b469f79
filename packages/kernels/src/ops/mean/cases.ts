import type { OpCase } from '../../conformance/case.ts';
import { sumsOf } from '../../conformance/common_bounds.ts';
import { reductions, shapeName } from '../../conformance/shapes.ts';
import { sizeOfShape } from '../../tensor.ts';
import { mean } from './op.ts';

export const cases: readonly OpCase[] = reductions
  .filter(({ shape }) => !shape.includes(0))
  .flatMap(({ shape, axes }) =>
    [false, true].map((keepDims) => ({
      name: `${shapeName(shape)} over ${axes === undefined ? 'all' : shapeName(axes)}${keepDims ? ', dimensions kept' : ''}`,
      forward: sumsOf(sizeOfShape(shape)),
      gradient: sumsOf(1),
      build: (inputs) => {
        const x = inputs.normal('x', shape, 0.25);
        return () => mean(x, { axes, keepDims });
      },
    })),
  );
