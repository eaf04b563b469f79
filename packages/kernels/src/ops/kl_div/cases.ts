import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { shapeName } from '../../conformance/shapes.ts';
import { type KlDivOptions, klDiv } from './op.ts';

const bounds = {
  forward: nmse(1e-11, 'an exponential or a logarithm for each term, and one sum of them', 1e-7),
  gradient: nmse(1e-11, 'an exponential or a logarithm and a few roundings', 1e-8),
};

const shapes: readonly (readonly number[])[] = [[1], [0, 5], [5, 7], [3, 257], [2, 3, 11], [70_001, 3]];
const settings: readonly KlDivOptions[] = [
  { reduction: 'none' },
  { reduction: 'sum' },
  {},
  { reduction: 'batchmean' },
].flatMap((options) => [options, { ...options, logTarget: true }] as KlDivOptions[]);

export const cases: readonly OpCase[] = [
  ...shapes.flatMap((shape) =>
    settings
      // of nothing there is a sum, and no mean
      .filter(({ reduction }) => !shape.includes(0) || reduction === 'none' || reduction === 'sum')
      .map(
        (options): OpCase => ({
          name: `${shapeName(shape)} ${JSON.stringify(options)}`,
          ...bounds,
          build: (inputs) => {
            const input = inputs.uniform('input', shape, -6, -0.1);
            const target =
              options.logTarget === true
                ? inputs.uniform('target', shape, -6, -0.1)
                : inputs.uniform('target', shape, 0.01, 0.99);
            return () => klDiv(input, target, options);
          },
        }),
      ),
  ),
  ...[false, true].map(
    (logTarget): OpCase => ({
      name: `probabilities of 0 and beyond their range${logTarget ? ', as logarithms' : ''}`,
      ...bounds,
      notTheDerivative: 'at 0 there is none',
      build: (inputs) => {
        const none = Number.NEGATIVE_INFINITY;
        const t = logTarget
          ? [0, -0, none, none, 2, -80, -200, Number.NaN, -1]
          : [0, -0, 0, 0, -1, 1, 2 ** -149, Number.NaN, 0.5];
        const input = inputs.given('input', [-1, -2, none, 0, -1, none, -3, -1, Number.NaN]);
        const target = inputs.given('target', t);
        return () => klDiv(input, target, { reduction: 'none', logTarget });
      },
    }),
  ),
  {
    name: 'one tensor as both',
    ...bounds,
    build: (inputs) => {
      const x = inputs.uniform('x', [5, 7], -3, -0.1);
      return () => klDiv(x, x, { logTarget: true, reduction: 'none' });
    },
  },
];
