import { ensure } from '../../errors.ts';
import type { Tensor } from '../../tensor.ts';
import { type DropoutOptions, dropped } from '../dropout/op.ts';
import type { KernelSignature } from '../signature.ts';

/** Runs on `dropout.forward` with a draw for each entry of the first axis. */
export const dropPathKernels: readonly KernelSignature[] = [];

/** Stochastic depth: drops whole entries of the first axis of x [batch, ...] with chance `rate` and divides the others by 1 - rate. */
export function dropPath(x: Tensor, options: DropoutOptions): Tensor {
  const [batch] = x.shape;
  ensure(batch !== undefined, 'shape-mismatch', () => 'dropPath: x is [batch, ...], found []');
  return dropped('dropPath', x, batch, options);
}
