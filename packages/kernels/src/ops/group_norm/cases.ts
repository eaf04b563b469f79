import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { normalised, sumsOf } from '../../conformance/common_bounds.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { sizeOfShape } from '../../tensor.ts';
import { groupNorm } from './op.ts';

/** A group of one element is normalised to 0 and has no gradient, one of two to ±1: what is left is rounding. */
const gradientBound = nmse(1e-11, normalised.why, 1e-5);

/** x, groups. */
const sizes: readonly (readonly [readonly number[], number])[] = [
  [[0, 4], 2],
  [[3, 0, 5], 1],
  [[2, 3, 0], 1],
  [[1, 1], 1],
  [[3, 7], 1],
  [[3, 7], 7],
  [[5, 34], 2],
  [[2, 6, 5], 3],
  [[2, 4, 3, 7], 2],
  [[1, 3, 257], 3],
];

function groupCase(shape: readonly number[], groups: number, learned: string): OpCase {
  const channels = shape[1]!;
  const rows = sumsOf(sizeOfShape(shape) / Math.max(1, channels));
  return {
    name: `${shapeName(shape)} in ${groups} with ${learned}`,
    forward: normalised,
    gradient: gradientBound,
    gradients: { gain: rows, bias: rows },
    build: (inputs) => {
      const x = inputs.normal('x', shape, 0.5, 2);
      const gain = learned.includes('gain') ? inputs.normal('gain', [channels], 1, 0.5) : undefined;
      const bias = learned.includes('bias') ? inputs.normal('bias', [channels]) : undefined;
      return () => groupNorm(x, groups, gain, bias, 1e-3);
    },
  };
}

export const cases: readonly OpCase[] = [
  ...sizes.flatMap(([shape, groups]) =>
    ['gain and bias', 'gain', 'bias', 'nothing'].map((learned) => groupCase(shape, groups, learned)),
  ),
  groupCase([70_001, 4], 2, 'gain and bias'),
  {
    name: 'a NaN stays in its group',
    forward: normalised,
    gradient: gradientBound,
    build: (inputs) => {
      const x = inputs.constant([2, 4, 3], (i) => (i === 7 ? Number.NaN : i));
      return () => groupNorm(x, 2);
    },
  },
];
