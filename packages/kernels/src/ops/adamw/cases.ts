import type { OpCase } from '../../conformance/case.ts';
import { threeSteps, usualWays } from '../../conformance/optimiser_cases.ts';
import { adamW, createAdamWState } from './op.ts';

export const cases: readonly OpCase[] = usualWays.map(({ name, clipped, strange }) =>
  threeSteps(name, {
    clipped,
    strange,
    reason: 'three steps of a few float32 roundings each; the moments are kept in float32',
    create: (parameters) => {
      const state = createAdamWState(parameters);
      const weightDecay = clipped ? 0.1 : [0, 0.1, 0.2, 0.3];
      const options = { learningRate: 0.01, beta2: 0.95, eps: clipped ? 0.01 : 1e-8, weightDecay };
      return {
        step: (gradients, clip) => adamW(parameters, gradients, state, { ...options, clip }),
        remembered: [...state.firstMoments, ...state.secondMoments],
      };
    },
  }),
);
