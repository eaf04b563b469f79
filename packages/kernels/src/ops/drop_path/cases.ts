import type { OpCase } from '../../conformance/case.ts';
import { oneRounding } from '../../conformance/common_bounds.ts';
import { rowShapes, shapeName } from '../../conformance/shapes.ts';
import { settings } from '../dropout/cases.ts';
import { dropPath } from './op.ts';

export const cases: readonly OpCase[] = [...rowShapes, [3, 0], [131, 5, 3]].flatMap((shape) =>
  settings.map(
    (options): OpCase => ({
      name: `${shapeName(shape)} ${JSON.stringify(options)}`,
      forward: oneRounding,
      gradient: oneRounding,
      build: (inputs) => {
        const x = inputs.normal('x', shape);
        return () => dropPath(x, options);
      },
    }),
  ),
);
