import type { Tensor } from '../../tensor.ts';
import { type AdamOptions, type AdamState, createAdamState, encodeAdamStep } from '../adam/op.ts';
import type { KernelSignature } from '../signature.ts';

/** Runs on `adam.step`, with the weight decay decoupled. */
export const adamWKernels: readonly KernelSignature[] = [];

export type AdamWState = AdamState;
export type AdamWOptions = AdamOptions;

/** `amsgrad`: steps are divided by the largest second moment so far (Reddi et al. 2018). */
export function createAdamWState(parameters: readonly Tensor[], amsgrad = false): AdamWState {
  return createAdamState(parameters, amsgrad);
}

/** One step of AdamW (Loshchilov and Hutter 2019, algorithm 2) on all parameters, in place. */
export function adamW(
  parameters: readonly Tensor[],
  gradients: readonly Tensor[],
  state: AdamWState,
  options: AdamWOptions,
): void {
  encodeAdamStep('adamW', true, parameters, gradients, state, options);
}
