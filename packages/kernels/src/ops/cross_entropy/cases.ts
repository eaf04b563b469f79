import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { type CrossEntropyOptions, crossEntropy } from './op.ts';

const bound = nmse(1e-11, 'one log-sum-exp a row in float32, then a mean over rows in fixed chunks', 1e-7);

const sizes: readonly (readonly [number, number])[] = [
  [1, 1],
  [3, 7],
  [5, 257],
  [17, 1000],
  [70_001, 3],
];
const settings: readonly CrossEntropyOptions[] = [
  {},
  { reduction: 'none' },
  { reduction: 'sum' },
  { labelSmoothing: 0.1 },
  { zLoss: 0.01, reduction: 'none' },
  { labelSmoothing: 0.2, zLoss: 0.01, ignoreIndex: 0 },
];

export const cases: readonly OpCase[] = [
  ...sizes.flatMap(([rows, classes]) =>
    settings.map(
      (options): OpCase => ({
        name: `[${rows}, ${classes}] ${JSON.stringify(options)}`,
        forward: bound,
        gradient: bound,
        build: (inputs) => {
          const logits = inputs.normal('logits', [rows, classes], 0, 3);
          const targets = inputs.ids([rows], classes);
          return () => crossEntropy(logits, targets, options);
        },
      }),
    ),
  ),
  {
    name: 'some rows are ignored',
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const logits = inputs.normal('logits', [4, 11]);
      const targets = inputs.integers([3, -100, 10, -100]);
      return () => crossEntropy(logits, targets);
    },
  },
  {
    name: 'all rows are ignored: the mean of nothing is NaN',
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const logits = inputs.constantNormal([3, 5]);
      const targets = inputs.integers([-100, -100, -100]);
      return () => crossEntropy(logits, targets);
    },
  },
  {
    name: 'no rows',
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const logits = inputs.normal('logits', [0, 5]);
      const targets = inputs.integers([]);
      return () => crossEntropy(logits, targets, { reduction: 'sum' });
    },
  },
];
