import { ensure } from '../../errors.ts';
import { Tensor } from '../../tensor.ts';
import { bufferOrNone } from '../operands.ts';
import { backendOfStep, type Clipping, decayOf } from '../optimiser.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * One command for all parameters. For each, with `count` elements; p and b in place, g only read:
 *
 *     c  = min(1, maxNorm / (norm + 1e-6)), or 1 where norm is absent; NaN where norm is NaN
 *     g' = c g + weightDecay p
 *     b  = g' at the first step, else momentum b + (1 - dampening) g'
 *     p  = p - learningRate d,   d = g' + momentum b where nesterov, else b
 *
 * Where momentum is 0, b is absent and d = g'.
 */
export const sgdKernels: readonly KernelSignature[] = [
  {
    name: 'sgd.step',
    reads: ['norm?'],
    writes: [],
    scalars: ['learningRate', 'momentum', 'dampening', 'nesterov', 'firstStep', 'maxNorm'],
    repeated: { buffers: ['p', 'g', 'b?'], scalars: ['count', 'weightDecay'] },
  },
];

export interface SgdState {
  /** Steps taken. */
  step: number;
  /** One for each parameter, or none at all without momentum. */
  readonly momenta: readonly Tensor[];
}

export interface SgdOptions {
  readonly learningRate: number;
  readonly momentum?: number;
  readonly dampening?: number;
  readonly nesterov?: boolean;
  /** L2: added to the gradient. One for all parameters, or one for each. */
  readonly weightDecay?: number | readonly number[];
  readonly clip?: Clipping;
}

/** `momentum` 0 needs no memory. */
export function createSgdState(parameters: readonly Tensor[], momentum: number): SgdState {
  if (momentum === 0) return { step: 0, momenta: [] };
  return { step: 0, momenta: parameters.map((parameter) => Tensor.zeros(parameter.backend, parameter.shape)) };
}

/** One step of stochastic gradient descent with (Nesterov) momentum on all parameters, in place. */
export function sgd(
  parameters: readonly Tensor[],
  gradients: readonly Tensor[],
  state: SgdState,
  options: SgdOptions,
): void {
  const { learningRate, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0, clip } = options;
  ensure(
    momentum === 0 || state.momenta.length === parameters.length,
    'size-mismatch',
    () => `sgd: momentum ${momentum} needs a state with ${parameters.length} momenta, found ${state.momenta.length}`,
  );
  const lists: Record<string, readonly Tensor[]> = { gradients };
  if (momentum !== 0) lists.momenta = state.momenta;
  const backend = backendOfStep('sgd', parameters, lists);
  state.step += 1;
  const buffers = [bufferOrNone(clip?.norm)];
  const scalars = [
    learningRate,
    momentum,
    dampening,
    nesterov ? 1 : 0,
    state.step === 1 ? 1 : 0,
    clip === undefined ? 0 : clip.maxNorm,
  ];
  parameters.forEach((parameter, index) => {
    const velocity = momentum === 0 ? 0 : state.momenta[index]!.buffer;
    buffers.push(parameter.buffer, gradients[index]!.buffer, velocity);
    scalars.push(parameter.size, decayOf('sgd', weightDecay, index, parameters.length));
  });
  backend.encode('sgd.step', buffers, scalars);
}
