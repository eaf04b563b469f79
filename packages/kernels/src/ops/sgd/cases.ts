import type { OpCase } from '../../conformance/case.ts';
import { threeSteps } from '../../conformance/optimiser_cases.ts';
import { createSgdState, type SgdOptions, sgd } from './op.ts';

const settings: readonly SgdOptions[] = [
  { learningRate: 0.1 },
  { learningRate: 0.1, weightDecay: [0, 0.1, 0.2, 0.3] },
  { learningRate: 0.05, momentum: 0.9 },
  { learningRate: 0.05, momentum: 0.9, nesterov: true, weightDecay: 0.01 },
  { learningRate: 0.05, momentum: 0.9, dampening: 0.1 },
];

const ways = [
  { clipped: false, strange: false, how: '' },
  { clipped: true, strange: false, how: ', clipped inside' },
  { clipped: false, strange: true, how: ', the second of strange gradients' },
];

export const cases: readonly OpCase[] = settings.flatMap((options) =>
  ways.map(({ clipped, strange, how }) =>
    threeSteps(`three steps ${JSON.stringify(options)}${how}`, {
      clipped,
      strange,
      reason: 'three steps of a few float32 roundings each',
      create: (parameters) => {
        const state = createSgdState(parameters, options.momentum ?? 0);
        return {
          step: (gradients, clip) => sgd(parameters, gradients, state, { ...options, clip }),
          remembered: state.momenta,
        };
      },
    }),
  ),
);
