import type { Tensor } from '../tensor.ts';
import type { Bound } from './bounds.ts';
import type { OpCase } from './case.ts';
import { elementShapes, shapeName } from './shapes.ts';
import { specialValues } from './special_values.ts';

/** The cases of a function of one element: shapes, a sweep over its range, special values. */
export function unaryCases(name: string, compute: (x: Tensor) => Tensor, forward: Bound, gradient: Bound): OpCase[] {
  const bounds = { forward, gradient };
  return [
    ...elementShapes.map(
      (shape): OpCase => ({
        name: `${name} of ${shapeName(shape)}`,
        ...bounds,
        build: (inputs) => {
          const x = inputs.normal('x', shape, 0, 3);
          return () => compute(x);
        },
      }),
    ),
    {
      name: `${name} from -20 to 20`,
      ...bounds,
      build: (inputs) => {
        const x = inputs.uniform('x', [5003], -20, 20);
        return () => compute(x);
      },
    },
    {
      name: `${name} near zero`,
      ...bounds,
      notTheDerivative: 'relu has none at 0, and a difference may step over it',
      build: (inputs) => {
        const x = inputs.normal('x', [501], 0, 1e-4);
        return () => compute(x);
      },
    },
    {
      name: `${name} of special values`,
      ...bounds,
      notTheDerivative: 'at the ends of float32 there is no difference to take',
      build: (inputs) => {
        const x = inputs.given(
          'x',
          specialValues.filter((value) => Math.abs(value) !== Number.POSITIVE_INFINITY),
        );
        return () => compute(x);
      },
    },
    {
      // without gradient: at infinity a slope is a limit, or 0 times infinity, as the formula is written
      name: `${name} at infinity`,
      ...bounds,
      build: (inputs) => {
        const x = inputs.constant([2], (i) => (i === 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY));
        return () => compute(x);
      },
    },
  ];
}
