import { Tensor } from '../../tensor.ts';
import { bufferOrNone } from '../operands.ts';
import { backendOfStep, type Clipping, decayOf } from '../optimiser.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * One command for all parameters. For each, with `count` elements; p and s in place, g only read:
 *
 *     c  = min(1, maxNorm / (norm + 1e-6)), or 1 where norm is absent; NaN where norm is NaN
 *     g' = c g + weightDecay p
 *     s  = s + g'²
 *     p  = p - learningRate g' / (sqrt(s) + eps)
 *
 * The decay of the rate comes from the host.
 */
export const adagradKernels: readonly KernelSignature[] = [
  {
    name: 'adagrad.step',
    reads: ['norm?'],
    writes: [],
    scalars: ['learningRate', 'eps', 'maxNorm'],
    repeated: { buffers: ['p', 'g', 's'], scalars: ['count', 'weightDecay'] },
  },
];

/** What Adagrad remembers of each parameter. Belongs to whoever made it. */
export interface AdagradState {
  /** Steps taken. */
  step: number;
  /** Sums of the squares of all gradients so far. */
  readonly sums: readonly Tensor[];
}

export interface AdagradOptions {
  readonly learningRate: number;
  /** The rate of step t, counted from 0, is learningRate / (1 + t learningRateDecay). */
  readonly learningRateDecay?: number;
  readonly eps?: number;
  /** L2: added to the gradient. One for all parameters, or one for each. */
  readonly weightDecay?: number | readonly number[];
  readonly clip?: Clipping;
}

/** `start`: what the sums of squares begin with. */
export function createAdagradState(parameters: readonly Tensor[], start = 0): AdagradState {
  return { step: 0, sums: parameters.map((parameter) => Tensor.full(parameter.backend, parameter.shape, start)) };
}

/** One step of Adagrad (Duchi, Hazan and Singer 2011, with a diagonal matrix) on all parameters, in place. */
export function adagrad(
  parameters: readonly Tensor[],
  gradients: readonly Tensor[],
  state: AdagradState,
  options: AdagradOptions,
): void {
  const { learningRate, learningRateDecay = 0, eps = 1e-10, weightDecay = 0, clip } = options;
  const { sums } = state;
  const backend = backendOfStep('adagrad', parameters, { gradients, sums });
  const rate = learningRate / (1 + state.step * learningRateDecay);
  state.step += 1;
  const buffers = [bufferOrNone(clip?.norm)];
  const scalars = [rate, eps, clip === undefined ? 0 : clip.maxNorm];
  parameters.forEach((parameter, index) => {
    buffers.push(parameter.buffer, gradients[index]!.buffer, sums[index]!.buffer);
    scalars.push(parameter.size, decayOf('adagrad', weightDecay, index, parameters.length));
  });
  backend.encode('adagrad.step', buffers, scalars);
}
