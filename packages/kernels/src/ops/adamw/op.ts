import { Tensor } from '../../tensor.ts';
import { bufferOrNone } from '../operands.ts';
import { backendOfStep, type Clipping, decayOf } from '../optimiser.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * One command for all parameters. For each, with `count` elements, all in place except g, which is only read:
 *
 *     c  = min(1, maxNorm / (norm + 1e-6)), or 1 where norm is absent; NaN where norm is NaN
 *     g' = c g
 *     m  = beta1 m + (1 - beta1) g'
 *     v  = beta2 v + (1 - beta2) g'²
 *     p  = p (1 - learningRate weightDecay) - learningRate (m / correction1) / (sqrt(v / correction2) + eps)
 *
 * correction = 1 - beta^step comes from the host. weightDecay is one scalar for each parameter.
 */
export const adamWKernels: readonly KernelSignature[] = [
  {
    name: 'adamw.step',
    reads: ['norm?'],
    writes: [],
    scalars: ['learningRate', 'beta1', 'beta2', 'eps', 'correction1', 'correction2', 'maxNorm'],
    repeated: { buffers: ['p', 'g', 'm', 'v'], scalars: ['count', 'weightDecay'] },
  },
];

/** What AdamW remembers of each parameter. Belongs to whoever made it. */
export interface AdamWState {
  /** Steps taken. */
  step: number;
  readonly firstMoments: readonly Tensor[];
  readonly secondMoments: readonly Tensor[];
}

export interface AdamWOptions {
  readonly learningRate: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  /** Decoupled: one for all parameters, or one for each. */
  readonly weightDecay?: number | readonly number[];
  readonly clip?: Clipping;
}

export function createAdamWState(parameters: readonly Tensor[]): AdamWState {
  const zeros = () => parameters.map((parameter) => Tensor.zeros(parameter.backend, parameter.shape));
  return { step: 0, firstMoments: zeros(), secondMoments: zeros() };
}

/** One step of AdamW (Loshchilov and Hutter 2019, algorithm 2) on all parameters, in place. */
export function adamW(
  parameters: readonly Tensor[],
  gradients: readonly Tensor[],
  state: AdamWState,
  options: AdamWOptions,
): void {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0, clip } = options;
  const { firstMoments, secondMoments } = state;
  const backend = backendOfStep('adamW', parameters, { gradients, firstMoments, secondMoments });
  state.step += 1;
  const buffers = [bufferOrNone(clip?.norm)];
  const scalars = [
    learningRate,
    beta1,
    beta2,
    eps,
    1 - beta1 ** state.step,
    1 - beta2 ** state.step,
    clip === undefined ? 0 : clip.maxNorm,
  ];
  parameters.forEach((parameter, index) => {
    buffers.push(parameter.buffer, gradients[index]!.buffer, firstMoments[index]!.buffer, secondMoments[index]!.buffer);
    scalars.push(parameter.size, decayOf('adamW', weightDecay, index, parameters.length));
  });
  backend.encode('adamw.step', buffers, scalars);
}
