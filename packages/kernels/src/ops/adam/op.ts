import { Tensor } from '../../tensor.ts';
import { bufferOrNone } from '../operands.ts';
import { backendOfStep, type Clipping, decayOf } from '../optimiser.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * One command for all parameters. For each, with `count` elements; p, m, v and largest in place, g only read:
 *
 *     c  = min(1, maxNorm / (norm + 1e-6)), or 1 where norm is absent; NaN where norm is NaN
 *     g' = c g + weightDecay p                  p' = p                                   Adam
 *     g' = c g                                  p' = p (1 - learningRate weightDecay)    where decoupled: AdamW
 *     m  = beta1 m + (1 - beta1) g'
 *     v  = beta2 v + (1 - beta2) g'²
 *     w  = v, or largest = max(largest, v) where that is there
 *     p  = p' - learningRate (m / correction1) / (sqrt(w / correction2) + eps)
 *
 * correction = 1 - beta^step comes from the host. weightDecay is one scalar for each parameter.
 */
export const adamKernels: readonly KernelSignature[] = [
  {
    name: 'adam.step',
    reads: ['norm?'],
    writes: [],
    scalars: ['learningRate', 'beta1', 'beta2', 'eps', 'correction1', 'correction2', 'decoupled', 'maxNorm'],
    repeated: { buffers: ['p', 'g', 'm', 'v', 'largest?'], scalars: ['count', 'weightDecay'] },
  },
];

/** What Adam and AdamW remember of each parameter. Belongs to whoever made it. */
export interface AdamState {
  /** Steps taken. */
  step: number;
  readonly firstMoments: readonly Tensor[];
  readonly secondMoments: readonly Tensor[];
  /** AMSGrad's largest second moments; none without it. */
  readonly largestMoments: readonly Tensor[];
}

export interface AdamOptions {
  readonly learningRate: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  /** Added to the gradient (L2) by Adam, decoupled from it by AdamW. One for all parameters, or one for each. */
  readonly weightDecay?: number | readonly number[];
  readonly clip?: Clipping;
}

/** `amsgrad`: steps are divided by the largest second moment so far (Reddi et al. 2018). */
export function createAdamState(parameters: readonly Tensor[], amsgrad = false): AdamState {
  const zeros = () => parameters.map((parameter) => Tensor.zeros(parameter.backend, parameter.shape));
  return { step: 0, firstMoments: zeros(), secondMoments: zeros(), largestMoments: amsgrad ? zeros() : [] };
}

/** One step of Adam (Kingma and Ba 2015, algorithm 1) on all parameters, in place. */
export function adam(
  parameters: readonly Tensor[],
  gradients: readonly Tensor[],
  state: AdamState,
  options: AdamOptions,
): void {
  encodeAdamStep('adam', false, parameters, gradients, state, options);
}

/** A step of the family, under the name that its messages carry. */
export function encodeAdamStep(
  op: string,
  decoupled: boolean,
  parameters: readonly Tensor[],
  gradients: readonly Tensor[],
  state: AdamState,
  options: AdamOptions,
): void {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0, clip } = options;
  const { firstMoments, secondMoments, largestMoments } = state;
  const lists: Record<string, readonly Tensor[]> = { gradients, firstMoments, secondMoments };
  if (largestMoments.length > 0) lists.largestMoments = largestMoments;
  const backend = backendOfStep(op, parameters, lists);
  state.step += 1;
  const buffers = [bufferOrNone(clip?.norm)];
  const corrections = [1 - beta1 ** state.step, 1 - beta2 ** state.step];
  const maxNorm = clip === undefined ? 0 : clip.maxNorm;
  const scalars = [learningRate, beta1, beta2, eps, ...corrections, decoupled ? 1 : 0, maxNorm];
  parameters.forEach((parameter, index) => {
    buffers.push(parameter.buffer, gradients[index]!.buffer, firstMoments[index]!.buffer, secondMoments[index]!.buffer);
    buffers.push(bufferOrNone(largestMoments[index]));
    scalars.push(parameter.size, decayOf(op, weightDecay, index, parameters.length));
  });
  backend.encode('adam.step', buffers, scalars);
}
