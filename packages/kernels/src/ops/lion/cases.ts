import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { concat } from '../concat/op.ts';
import { copy } from '../copy/op.ts';
import { globalNorm } from '../global_norm/op.ts';
import { createLionState, lion } from './op.ts';

const bound = nmse(1e-11, 'three steps of a few float32 roundings each; the moment is kept in float32');
const sizes = [1, 0, 13, 4097];

export const cases: readonly OpCase[] = [false, true].map((clipped) => ({
  name: clipped ? 'three steps, clipped inside' : 'three steps, a decay for each parameter',
  forward: bound,
  gradient: bound,
  build: (inputs) => {
    const starts = sizes.map((size) => inputs.constantNormal([size]));
    const gradients = [0, 1, 2].map(() => sizes.map((size) => inputs.constantNormal([size], 0, 0.1)));
    return () => {
      const parameters = starts.map(copy);
      const state = createLionState(parameters);
      for (const step of gradients) {
        lion(parameters, step, state, {
          learningRate: 0.01,
          weightDecay: clipped ? 0.1 : [0, 0.1, 0.2, 0.3],
          clip: clipped ? { norm: globalNorm(step), maxNorm: 0.5 } : undefined,
        });
      }
      return concat([...parameters, ...state.moments], 0);
    };
  },
}));
