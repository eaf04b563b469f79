import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { normalised, sumsOf } from '../../conformance/common_bounds.ts';
import { channelShapes, largeChannelShapes, shapeName } from '../../conformance/shapes.ts';
import { sizeOfShape } from '../../tensor.ts';
import { concat } from '../concat/op.ts';
import { copy } from '../copy/op.ts';
import { batchNorm } from './op.ts';

/** A channel of one element is normalised to 0 and has no gradient, one of two to ±1: what is left is rounding. */
const gradientBound = nmse(1e-11, normalised.why, 1e-5);

function normCase(shape: readonly number[], training: boolean, learned: boolean): OpCase {
  const channels = shape[1]!;
  const rows = sumsOf(sizeOfShape(shape) / Math.max(1, channels));
  return {
    name: `${shapeName(shape)}, ${training ? 'training' : 'running statistics'}${learned ? '' : ', nothing learned'}`,
    forward: normalised,
    gradient: gradientBound,
    gradients: { gain: rows, bias: rows },
    build: (inputs) => {
      const x = inputs.normal('x', shape, 0.5, 2);
      const gain = learned ? inputs.normal('gain', [channels], 1, 0.5) : undefined;
      const bias = learned ? inputs.normal('bias', [channels]) : undefined;
      const mean = inputs.constantNormal([channels]);
      const variance = inputs.constant([channels], (c) => 1 + c / 7);
      const running = training ? undefined : { mean, variance };
      return () => batchNorm(x, gain, bias, { training, running, eps: 1e-3 });
    },
  };
}

export const cases: readonly OpCase[] = [
  ...channelShapes.flatMap((shape) => [
    normCase(shape, true, true),
    normCase(shape, true, false),
    normCase(shape, false, true),
    normCase(shape, false, false),
  ]),
  ...largeChannelShapes.map((shape) => normCase(shape, true, true)),
  ...[0.1, 1].map(
    (momentum): OpCase => ({
      name: `running statistics move by ${momentum}`,
      forward: normalised,
      gradient: gradientBound,
      build: (inputs) => {
        const x = inputs.constantNormal([5, 3, 7], 100, 2);
        const startMean = inputs.constantNormal([3]);
        const startVariance = inputs.constant([3], (c) => 1 + c);
        return () => {
          const running = { mean: copy(startMean), variance: copy(startVariance) };
          batchNorm(x, undefined, undefined, { training: true, running, momentum });
          return concat([running.mean, running.variance], 0);
        };
      },
    }),
  ),
  {
    name: 'a NaN stays in its channel',
    forward: normalised,
    gradient: gradientBound,
    build: (inputs) => {
      const x = inputs.constant([4, 3, 2], (i) => (i === 3 ? Number.NaN : i));
      return () => batchNorm(x, undefined, undefined, { training: true });
    },
  },
];
