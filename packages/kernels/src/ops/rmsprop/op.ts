import { ensure } from '../../errors.ts';
import { Tensor } from '../../tensor.ts';
import { bufferOrNone } from '../operands.ts';
import { backendOfStep, type Clipping, decayOf } from '../optimiser.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * One command for all parameters. For each, with `count` elements; p, v, mean and b in place, g only read:
 *
 *     c    = min(1, maxNorm / (norm + 1e-6)), or 1 where norm is absent; NaN where norm is NaN
 *     g'   = c g + weightDecay p
 *     v    = alpha v + (1 - alpha) g'²
 *     mean = alpha mean + (1 - alpha) g'       where it is there: centered
 *     d    = g' / (sqrt(w) + eps),   w = v, or max(0, v - mean²) where centered
 *     b    = momentum b + d                    where it is there
 *     p    = p - learningRate (b, or d where b is absent)
 *
 * A variance is not negative, but v - mean² may round to less than 0: it counts as 0 then, and NaN stays NaN.
 */
export const rmspropKernels: readonly KernelSignature[] = [
  {
    name: 'rmsprop.step',
    reads: ['norm?'],
    writes: [],
    scalars: ['learningRate', 'alpha', 'eps', 'momentum', 'maxNorm'],
    repeated: { buffers: ['p', 'g', 'v', 'mean?', 'b?'], scalars: ['count', 'weightDecay'] },
  },
];

/** What RMSprop remembers of each parameter. Belongs to whoever made it. */
export interface RmspropState {
  readonly squares: readonly Tensor[];
  /** Averages of the gradients; none unless centered. */
  readonly means: readonly Tensor[];
  /** None without momentum. */
  readonly momenta: readonly Tensor[];
}

export interface RmspropOptions {
  readonly learningRate: number;
  /** What is kept of the average of squares at each step. */
  readonly alpha?: number;
  readonly eps?: number;
  readonly momentum?: number;
  /** L2: added to the gradient. One for all parameters, or one for each. */
  readonly weightDecay?: number | readonly number[];
  readonly clip?: Clipping;
}

/** `centered`: steps are divided by the deviation of the gradients, not by their root mean square. `momentum` 0 needs no memory. */
export function createRmspropState(
  parameters: readonly Tensor[],
  { centered = false, momentum = 0 }: { readonly centered?: boolean; readonly momentum?: number } = {},
): RmspropState {
  const zeros = () => parameters.map((parameter) => Tensor.zeros(parameter.backend, parameter.shape));
  return { squares: zeros(), means: centered ? zeros() : [], momenta: momentum === 0 ? [] : zeros() };
}

/** One step of RMSprop (Tieleman and Hinton 2012; centered: Graves 2013, equations 38 to 45), eps outside the root, on all parameters, in place. */
export function rmsprop(
  parameters: readonly Tensor[],
  gradients: readonly Tensor[],
  state: RmspropState,
  options: RmspropOptions,
): void {
  const { learningRate, alpha = 0.99, eps = 1e-8, momentum = 0, weightDecay = 0, clip } = options;
  const { squares, means, momenta } = state;
  ensure(
    momentum === 0 || momenta.length === parameters.length,
    'size-mismatch',
    () => `rmsprop: momentum ${momentum} needs a state with ${parameters.length} momenta, found ${momenta.length}`,
  );
  const lists: Record<string, readonly Tensor[]> = { gradients, squares };
  if (means.length > 0) lists.means = means;
  if (momentum !== 0) lists.momenta = momenta;
  const backend = backendOfStep('rmsprop', parameters, lists);
  const buffers = [bufferOrNone(clip?.norm)];
  const scalars = [learningRate, alpha, eps, momentum, clip === undefined ? 0 : clip.maxNorm];
  parameters.forEach((parameter, index) => {
    buffers.push(parameter.buffer, gradients[index]!.buffer, squares[index]!.buffer, bufferOrNone(means[index]));
    buffers.push(momentum === 0 ? 0 : momenta[index]!.buffer);
    scalars.push(parameter.size, decayOf('rmsprop', weightDecay, index, parameters.length));
  });
  backend.encode('rmsprop.step', buffers, scalars);
}
