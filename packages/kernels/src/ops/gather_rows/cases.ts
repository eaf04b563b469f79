import type { OpCase } from '../../conformance/case.ts';
import { copied, sumsOf } from '../../conformance/common_bounds.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { gatherRows } from './op.ts';

export const cases: readonly OpCase[] = [[7], [5, 3], [3, 2, 5]].map((shape) => ({
  name: `rows of ${shapeName(shape)}`,
  forward: copied,
  gradient: sumsOf(11),
  build: (inputs) => {
    const x = inputs.normal('x', shape);
    const rows = inputs.ids([11], shape[0]!);
    return () => gatherRows(x, rows);
  },
}));
