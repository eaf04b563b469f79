import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { normalised, sumsOf } from '../../conformance/common_bounds.ts';
import { rowShapes, shapeName } from '../../conformance/shapes.ts';
import { sizeOfShape } from '../../tensor.ts';
import { pNormalize } from './op.ts';

/** A row of one element is normalised to ±1, so its gradient nearly cancels. */
const gradientBound = nmse(1e-11, normalised.why, 1e-5);

export const cases: readonly OpCase[] = [
  ...rowShapes.flatMap((shape) =>
    [1, 2, 3.5].map(
      (p): OpCase => ({
        name: `${shapeName(shape)}, p ${p}${p === 2 ? ', gain' : ''}`,
        forward: normalised,
        gradient: gradientBound,
        gradients: { gain: sumsOf(sizeOfShape(shape)) },
        build: (inputs) => {
          const x = inputs.normal('x', shape, 0.5, 2);
          const gain = p === 2 ? inputs.given('gain', [1.7]) : undefined;
          return () => pNormalize(x, p, { gain });
        },
      }),
    ),
  ),
  {
    name: 'a large p',
    forward: normalised,
    gradient: gradientBound,
    build: (inputs) => {
      const x = inputs.normal('x', [5, 13]);
      return () => pNormalize(x, 40);
    },
  },
  {
    name: 'along the first axis',
    forward: normalised,
    gradient: gradientBound,
    build: (inputs) => {
      const x = inputs.normal('x', [7, 5, 3]);
      return () => pNormalize(x, 2, { axis: 0 });
    },
  },
  {
    name: 'rows below eps, and of zeros',
    notTheDerivative: 'the norm meets eps there, and has no derivative at 0',
    forward: normalised,
    gradient: gradientBound,
    build: (inputs) => {
      const x = inputs.given('x', [0, 0, 0, 1e-3, -2e-3, 0, 3, -4, 0, 0.3, 0.4, 0], [4, 3]);
      return () => pNormalize(x, 2, { eps: 0.1 });
    },
  },
  {
    name: 'magnitudes whose squares leave float32',
    notTheDerivative: 'at the ends of float32 there is no difference to take',
    forward: normalised,
    gradient: gradientBound,
    build: (inputs) => {
      const x = inputs.constant([4, 2], (i) => [3e30, -4e30, 3e-30, 4e-30, 3e38, -3e38, 1e-38, 2e-38][i]!);
      return () => pNormalize(x, 2, { eps: 0 });
    },
  },
  {
    name: 'NaN and infinities',
    notTheDerivative: 'there is none',
    forward: normalised,
    gradient: gradientBound,
    build: (inputs) => {
      const x = inputs.constant(
        [4, 3],
        (i) => [1, Number.NaN, 2, Number.POSITIVE_INFINITY, 1, 0, Number.NaN, Number.NaN, Number.NaN, 1, 2, 2][i]!,
      );
      return () => pNormalize(x, 2);
    },
  },
];
