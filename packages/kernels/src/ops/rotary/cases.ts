import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { type RotaryOptions, rotary } from './op.ts';

const bound = nmse(1e-12, 'angles, sines and cosines in float64, rounded to float32; two products and a sum');

const settings: readonly (readonly [readonly number[], RotaryOptions])[] = [
  [[1, 1, 1, 2], { convention: 'half', theta: 10_000 }],
  [[2, 5, 3, 8], { convention: 'half', theta: 10_000 }],
  [[2, 5, 3, 8], { convention: 'interleaved', theta: 10_000 }],
  [[1, 7, 2, 13], { convention: 'half', theta: 500_000, rotaryDim: 6 }],
  [[1, 7, 2, 13], { convention: 'interleaved', theta: 500_000, rotaryDim: 6 }],
  [[2, 3, 1, 4], { convention: 'half', theta: 10_000, offset: 2000 }],
  [[2, 3, 1, 4], { convention: 'interleaved', frequencies: [0.5, 0.0625], offset: 11 }],
  [[1, 2, 1, 6], { convention: 'half', theta: 10_000, rotaryDim: 0 }],
  [[0, 3, 2, 4], { convention: 'half', theta: 10_000 }],
  [[1, 5, 2, 8], { convention: 'interleaved', theta: 10_000, scaling: { kind: 'linear', factor: 4 }, offset: 100 }],
  [[1, 5, 2, 8], { convention: 'half', theta: 10_000, rotaryDim: 6, scaling: { kind: 'ntk', factor: 2 } }],
  [
    [2, 4, 2, 32],
    {
      convention: 'half',
      theta: 500_000,
      scaling: { kind: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 64 },
      offset: 60,
    },
  ],
];

export const cases: readonly OpCase[] = [
  ...settings.map(
    ([shape, options]): OpCase => ({
      name: `${shapeName(shape)} ${JSON.stringify(options)}`,
      forward: bound,
      gradient: bound,
      build: (inputs) => {
        const x = inputs.normal('x', shape);
        return () => rotary(x, options);
      },
    }),
  ),
  {
    name: 'positions before the first, and far ones',
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const x = inputs.normal('x', [1, 5, 2, 8]);
      const positions = inputs.integers([-1, -1023, 100_003, 1_000_003, 0]);
      return () => rotary(x, { convention: 'interleaved', theta: 10_000, positions });
    },
  },
  {
    name: 'positions out of order',
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const x = inputs.normal('x', [2, 4, 3, 6]);
      const positions = inputs.integers([7, 0, 1023, 3]);
      return () => rotary(x, { convention: 'half', theta: 10_000, positions });
    },
  },
];
