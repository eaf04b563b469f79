import type { OpCase } from '../../conformance/case.ts';
import { oneRounding } from '../../conformance/common_bounds.ts';
import { elementShapes, shapeName } from '../../conformance/shapes.ts';
import { specialValues } from '../../conformance/special_values.ts';
import { type DropoutOptions, dropout } from './op.ts';

/** Rates, and places in a stream: in the middle of a block, and where its number leaves 32 bits. */
export const settings: readonly DropoutOptions[] = [
  { rate: 0.1, seed: 7, stream: 3 },
  { rate: 0.5, seed: 2 ** 40 + 5, stream: 2 ** 33 + 1, position: 4 * (2 ** 32 - 3) + 2 },
  { rate: 0.9, seed: 0, stream: 0, position: 3 },
];
const ends: readonly DropoutOptions[] = [
  { rate: 0, seed: 1, stream: 1 },
  { rate: 1, seed: 1, stream: 1 },
];

export const cases: readonly OpCase[] = [
  ...elementShapes.flatMap((shape) =>
    settings.map(
      (options): OpCase => ({
        name: `${shapeName(shape)} ${JSON.stringify(options)}`,
        forward: oneRounding,
        gradient: oneRounding,
        build: (inputs) => {
          const x = inputs.normal('x', shape);
          return () => dropout(x, options);
        },
      }),
    ),
  ),
  ...[...settings, ...ends].map(
    (options): OpCase => ({
      name: `special values ${JSON.stringify(options)}`,
      forward: oneRounding,
      gradient: oneRounding,
      notTheDerivative: 'at the ends of float32 there is no difference to take',
      build: (inputs) => {
        const x = inputs.given('x', [...specialValues, ...specialValues, ...specialValues]);
        return () => dropout(x, options);
      },
    }),
  ),
];
