import { nmse } from '../../conformance/bounds.ts';
import type { OpCase } from '../../conformance/case.ts';
import { concat } from '../concat/op.ts';
import { copy } from '../copy/op.ts';
import { globalNorm } from '../global_norm/op.ts';
import { createSgdState, type SgdOptions, sgd } from './op.ts';

const bound = nmse(1e-11, 'three steps of a few float32 roundings each');
const sizes = [1, 0, 13, 4097];

const settings: readonly SgdOptions[] = [
  { learningRate: 0.1 },
  { learningRate: 0.1, weightDecay: [0, 0.1, 0.2, 0.3] },
  { learningRate: 0.05, momentum: 0.9 },
  { learningRate: 0.05, momentum: 0.9, nesterov: true, weightDecay: 0.01 },
  { learningRate: 0.05, momentum: 0.9, dampening: 0.1 },
];

export const cases: readonly OpCase[] = settings.flatMap((options) =>
  [false, true].map((clipped) => ({
    name: `three steps ${JSON.stringify(options)}${clipped ? ', clipped inside' : ''}`,
    forward: bound,
    gradient: bound,
    build: (inputs) => {
      const starts = sizes.map((size) => inputs.constantNormal([size]));
      const gradients = [0, 1, 2].map(() => sizes.map((size) => inputs.constantNormal([size], 0, 0.1)));
      return () => {
        const parameters = starts.map(copy);
        const state = createSgdState(parameters, options.momentum ?? 0);
        for (const step of gradients) {
          const clip = clipped ? { norm: globalNorm(step), maxNorm: 0.5 } : undefined;
          sgd(parameters, step, state, { ...options, clip });
        }
        return concat([...parameters, ...state.momenta], 0);
      };
    },
  })),
);
