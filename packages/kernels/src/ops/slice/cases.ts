import type { OpCase } from '../../conformance/case.ts';
import { copied, oneRounding } from '../../conformance/common_bounds.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { slice } from './op.ts';

const cuts: readonly (readonly [readonly number[], number, number, number])[] = [
  [[5], 0, 0, 5],
  [[5], 0, 2, 0],
  [[7, 3], 0, 2, 4],
  [[7, 13], 1, 5, 6],
  [[2, 7, 5], -2, 6, 1],
  [[65_537, 3], 1, 1, 2],
];

export const cases: readonly OpCase[] = cuts.map(([shape, axis, start, length]) => ({
  name: `${length} from ${start} of ${shapeName(shape)} along ${axis}`,
  forward: copied,
  gradient: oneRounding,
  build: (inputs) => {
    const x = inputs.normal('x', shape);
    return () => slice(x, axis, start, length);
  },
}));
