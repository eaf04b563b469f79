import { Tensor } from '../../tensor.ts';
import { bufferOrNone } from '../operands.ts';
import { backendOfStep, type Clipping, decayOf } from '../optimiser.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * One command for all parameters. For each, with `count` elements; p and m in place, g only read:
 *
 *     c  = min(1, maxNorm / (norm + 1e-6)), or 1 where norm is absent; NaN where norm is NaN
 *     g' = c g
 *     p  = p (1 - learningRate weightDecay) - learningRate sign(beta1 m + (1 - beta1) g')       sign(0) = 0, sign(NaN) = NaN
 *     m  = beta2 m + (1 - beta2) g'
 */
export const lionKernels: readonly KernelSignature[] = [
  {
    name: 'lion.step',
    reads: ['norm?'],
    writes: [],
    scalars: ['learningRate', 'beta1', 'beta2', 'maxNorm'],
    repeated: { buffers: ['p', 'g', 'm'], scalars: ['count', 'weightDecay'] },
  },
];

/** What Lion remembers of each parameter. Belongs to whoever made it. */
export interface LionState {
  readonly moments: readonly Tensor[];
}

export interface LionOptions {
  readonly learningRate: number;
  readonly beta1?: number;
  readonly beta2?: number;
  /** Decoupled: one for all parameters, or one for each. */
  readonly weightDecay?: number | readonly number[];
  readonly clip?: Clipping;
}

export function createLionState(parameters: readonly Tensor[]): LionState {
  return { moments: parameters.map((parameter) => Tensor.zeros(parameter.backend, parameter.shape)) };
}

/** One step of Lion (Chen et al. 2023, algorithm 2) on all parameters, in place. */
export function lion(
  parameters: readonly Tensor[],
  gradients: readonly Tensor[],
  state: LionState,
  options: LionOptions,
): void {
  const { learningRate, beta1 = 0.9, beta2 = 0.99, weightDecay = 0, clip } = options;
  const { moments } = state;
  const backend = backendOfStep('lion', parameters, { gradients, moments });
  const buffers = [bufferOrNone(clip?.norm)];
  const scalars = [learningRate, beta1, beta2, clip === undefined ? 0 : clip.maxNorm];
  parameters.forEach((parameter, index) => {
    buffers.push(parameter.buffer, gradients[index]!.buffer, moments[index]!.buffer);
    scalars.push(parameter.size, decayOf('lion', weightDecay, index, parameters.length));
  });
  backend.encode('lion.step', buffers, scalars);
}
