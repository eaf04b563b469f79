import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { normalised, sumsOf } from '../../conformance/common_bounds.ts';
import { channelShapes, largeChannelShapes, shapeName } from '../../conformance/shapes.ts';
import { sizeOfShape, type Tensor } from '../../tensor.ts';
import { concat } from '../concat/op.ts';
import { copy } from '../copy/op.ts';
import { type PowerNormOptions, powerNorm } from './op.ts';

const bound = nmse(1e-11, `${normalised.why}; in [1, 1] the bias cancels most of the one value`, 2 ** -23);

/** A channel of one element is normalised to ±1, so its gradient nearly cancels. */
const gradientBound = nmse(1e-11, normalised.why, 1e-5);

function normCase(shape: readonly number[], statistics: PowerNormOptions['statistics'], learned: boolean): OpCase {
  const channels = shape[1]!;
  const rows = sumsOf(sizeOfShape(shape) / Math.max(1, channels));
  return {
    name: `${shapeName(shape)}, ${statistics} statistics${learned ? '' : ', nothing learned'}`,
    forward: bound,
    gradient: gradientBound,
    gradients: { gain: rows, bias: rows },
    ...(statistics === 'running' ? { notTheDerivative: "the paper's gradient is an approximation by design" } : {}),
    build: (inputs) => {
      const x = inputs.normal('x', shape, 0.5, 2);
      const gain = learned ? inputs.normal('gain', [channels], 1, 0.5) : undefined;
      const bias = learned ? inputs.normal('bias', [channels]) : undefined;
      const meanSquare = inputs.constant([channels], (c) => 1 + c / 7);
      const projection = inputs.constantNormal([channels], 0.1, 0.1);
      return () => {
        // each run starts from the same state
        const state = { meanSquare: copy(meanSquare), projection: copy(projection) };
        return powerNorm(x, gain, bias, { statistics, state, eps: 1e-3 });
      };
    },
  };
}

export const cases: readonly OpCase[] = [
  ...channelShapes.flatMap((shape) => [
    normCase(shape, 'batch', true),
    normCase(shape, 'batch', false),
    normCase(shape, 'running', true),
    normCase(shape, 'evaluation', true),
  ]),
  ...largeChannelShapes.map((shape) => normCase(shape, 'running', true)),
  {
    name: 'the running mean square moves',
    forward: bound,
    gradient: gradientBound,
    build: (inputs) => {
      const batches = [0, 1].map(() => inputs.constantNormal([5, 3, 7], 1, 2));
      const start = inputs.constant([3], () => 1);
      return () => {
        const state = { meanSquare: copy(start), projection: copy(start) };
        const outputs = batches.map((x): Tensor => {
          const y = powerNorm(x, undefined, undefined, { statistics: 'running', state, momentum: 0.25 });
          return y.reshape([y.size]);
        });
        return concat([state.meanSquare, ...outputs], 0);
      };
    },
  },
];
