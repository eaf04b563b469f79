import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { concat } from '../concat/op.ts';
import { copy } from '../copy/op.ts';
import { globalNorm } from '../global_norm/op.ts';
import { adam, createAdamState } from './op.ts';

const bound = nmse(1e-11, 'three steps of a few float32 roundings each; the moments are kept in float32');
const sizes = [1, 0, 13, 4097];

export const cases: readonly OpCase[] = [
  { name: 'three steps, a decay for each parameter', clipped: false, amsgrad: false },
  { name: 'three steps, clipped inside', clipped: true, amsgrad: false },
  { name: 'three steps of AMSGrad', clipped: false, amsgrad: true },
].map(
  ({ name, clipped, amsgrad }): OpCase => ({
    name,
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const starts = sizes.map((size) => inputs.constantNormal([size]));
      // gradients that shrink, so that the largest second moment is an earlier one
      const gradients = [0.3, 0.03, 0.01].map((size) => sizes.map((count) => inputs.constantNormal([count], 0, size)));
      return () => {
        const parameters = starts.map(copy);
        const state = createAdamState(parameters, amsgrad);
        for (const step of gradients) {
          adam(parameters, step, state, {
            learningRate: 0.01,
            beta2: 0.8,
            weightDecay: clipped ? 0.1 : [0, 0.01, 0.02, 0.03],
            clip: clipped ? { norm: globalNorm(step), maxNorm: 0.5 } : undefined,
          });
        }
        return concat([...parameters, ...state.firstMoments, ...state.secondMoments, ...state.largestMoments], 0);
      };
    },
  }),
);
