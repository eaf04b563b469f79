import type { OpCase } from '../../conformance/case.ts';
import { threeSteps } from '../../conformance/optimiser_cases.ts';
import { createRmspropState, rmsprop } from './op.ts';

export const cases: readonly OpCase[] = [
  { name: 'three steps, a decay for each parameter', clipped: false, centered: false, momentum: 0, strange: false },
  { name: 'three steps with momentum, clipped inside', clipped: true, centered: false, momentum: 0.9, strange: false },
  { name: 'three steps, centered', clipped: false, centered: true, momentum: 0, strange: false },
  {
    name: 'three steps, centered, with momentum, clipped inside',
    clipped: true,
    centered: true,
    momentum: 0.5,
    strange: false,
  },
  {
    name: 'three steps, the second of strange gradients',
    clipped: false,
    centered: false,
    momentum: 0.9,
    strange: true,
  },
].map(({ name, clipped, centered, momentum, strange }) =>
  threeSteps(name, {
    clipped,
    strange,
    reason: 'three steps of a few float32 roundings each; the averages are kept in float32',
    create: (parameters) => {
      const state = createRmspropState(parameters, { centered, momentum });
      const weightDecay = clipped ? 0.1 : [0, 0.01, 0.02, 0.03];
      // an average that keeps little: what is left of v - mean² is of the size of v
      const options = { learningRate: 0.01, alpha: 0.8, eps: 1e-4, momentum, weightDecay };
      return {
        step: (gradients, clip) => rmsprop(parameters, gradients, state, { ...options, clip }),
        remembered: [...state.squares, ...state.means, ...state.momenta],
      };
    },
  }),
);
