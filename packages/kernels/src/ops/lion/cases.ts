import type { OpCase } from '../../conformance/case.ts';
import { threeSteps, usualWays } from '../../conformance/optimiser_cases.ts';
import { createLionState, lion } from './op.ts';

export const cases: readonly OpCase[] = usualWays.map(({ name, clipped, strange }) =>
  threeSteps(name, {
    clipped,
    strange,
    reason: 'three steps of a few float32 roundings each; the moment is kept in float32',
    create: (parameters) => {
      const state = createLionState(parameters);
      const weightDecay = clipped ? 0.1 : [0, 0.1, 0.2, 0.3];
      return {
        step: (gradients, clip) => lion(parameters, gradients, state, { learningRate: 0.01, weightDecay, clip }),
        remembered: state.moments,
      };
    },
  }),
);
