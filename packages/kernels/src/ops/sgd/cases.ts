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

export const cases: readonly OpCase[] = settings.flatMap((options) =>
  [false, true].map((clipped) =>
    threeSteps(`three steps ${JSON.stringify(options)}${clipped ? ', clipped inside' : ''}`, {
      clipped,
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
