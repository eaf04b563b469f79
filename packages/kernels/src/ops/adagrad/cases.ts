import type { OpCase } from '../../conformance/case.ts';
import { threeSteps, usualWays } from '../../conformance/optimiser_cases.ts';
import { adagrad, createAdagradState } from './op.ts';

export const cases: readonly OpCase[] = usualWays.map(({ name, clipped, strange }) =>
  threeSteps(name, {
    clipped,
    strange,
    reason: 'three steps of a few float32 roundings each; the sums are kept in float32',
    create: (parameters) => {
      const state = createAdagradState(parameters, clipped ? 0.1 : 0);
      const weightDecay = clipped ? 0.1 : [0, 0.01, 0.02, 0.03];
      const options = { learningRate: 0.1, learningRateDecay: 0.1, weightDecay };
      return {
        step: (gradients, clip) => adagrad(parameters, gradients, state, { ...options, clip }),
        remembered: state.sums,
      };
    },
  }),
);
