import type { OpCase } from '../../conformance/case.ts';
import { threeSteps } from '../../conformance/optimiser_cases.ts';
import { adam, createAdamState } from './op.ts';

export const cases: readonly OpCase[] = [
  { name: 'three steps, a decay for each parameter', clipped: false, amsgrad: false, strange: false },
  { name: 'three steps, clipped inside', clipped: true, amsgrad: false, strange: false },
  { name: 'three steps of AMSGrad', clipped: false, amsgrad: true, strange: false },
  { name: 'three steps of AMSGrad, the second of strange gradients', clipped: false, amsgrad: true, strange: true },
].map(({ name, clipped, amsgrad, strange }) =>
  threeSteps(name, {
    clipped,
    strange,
    reason: 'three steps of a few float32 roundings each; the moments are kept in float32',
    // gradients that shrink, so that the largest second moment is an earlier one
    deviations: [0.3, 0.03, 0.01],
    create: (parameters) => {
      const state = createAdamState(parameters, amsgrad);
      const weightDecay = clipped ? 0.1 : [0, 0.01, 0.02, 0.03];
      return {
        step: (gradients, clip) =>
          adam(parameters, gradients, state, { learningRate: 0.01, beta2: 0.8, weightDecay, clip }),
        remembered: [...state.firstMoments, ...state.secondMoments, ...state.largestMoments],
      };
    },
  }),
);
