import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureDtype, ensureFloats, ensureShape } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * logits [rows, classes] f32; targets [rows] i32; logSumExp [rows]; kept [1]. With L = log sum_c exp(logits[r, c]), s the label
 * smoothing, z the z-loss and t the target, in nats:
 *
 *     loss[r] = (1 - s) (L - logits[r, t]) + s (L - mean_c logits[r, c]) + z L²      (0 where t is ignoreIndex)
 *     kept    = number of rows that are not ignored
 *     y       = loss [rows]               reduction 0 (none)
 *             = sum loss / kept, [1]      reduction 1 (mean; 0/0 is NaN)
 *             = sum loss, [1]             reduction 2 (sum)
 *
 *     backward   w = dy[r] | dy[0] / kept | dy[0]      by reduction; 0 for ignored rows
 *                p = exp(logits - L)
 *                dlogits[r, c] (+)= w ( p (1 + 2 z L) - (1 - s) [c = t] - s / classes )
 *
 * A target outside 0..classes-1 that is not ignoreIndex fails with index-out-of-range.
 * logSumExp and kept are always written.
 */
export const crossEntropyKernels: readonly KernelSignature[] = [
  {
    name: 'cross_entropy.forward',
    reads: ['logits', 'targets'],
    writes: ['y', 'logSumExp', 'kept'],
    scalars: ['rows', 'classes', 'ignoreIndex', 'reduction', 'labelSmoothing', 'zLoss'],
  },
  {
    name: 'cross_entropy.backward',
    reads: ['dy', 'logits', 'targets', 'logSumExp', 'kept'],
    writes: ['dlogits'],
    scalars: ['rows', 'classes', 'ignoreIndex', 'reduction', 'labelSmoothing', 'zLoss', 'accumulate'],
  },
];

export interface CrossEntropyOptions {
  /** Rows with this target count neither in the sum nor in the mean. */
  readonly ignoreIndex?: number;
  /** 'none' gives the nats of every row. */
  readonly reduction?: 'none' | 'mean' | 'sum';
  readonly labelSmoothing?: number;
  /** Weight of the squared log-sum-exp. */
  readonly zLoss?: number;
}

const reductionCode = { none: 0, mean: 1, sum: 2 } as const;

/** Cross-entropy in nats of logits [rows, classes] against targets i32 [rows]. Shape [rows] for 'none', else []. */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { ignoreIndex = -100, reduction = 'mean', labelSmoothing = 0, zLoss = 0 } = options;
  ensureFloats('crossEntropy', { logits });
  ensureDtype('crossEntropy', 'targets', targets, 'i32');
  const backend = backendOf('crossEntropy', logits, targets);
  ensure(
    logits.shape.length === 2,
    'shape-mismatch',
    () => `crossEntropy: logits are [rows, classes], found ${formatShape(logits.shape)}`,
  );
  const rows = logits.shape[0]!;
  const classes = logits.shape[1]!;
  ensureShape('crossEntropy', 'targets', targets, [rows]);
  const y = Tensor.empty(backend, reduction === 'none' ? [rows] : []);
  const logSumExp = Tensor.empty(backend, [rows]);
  const kept = Tensor.empty(backend, [1]);
  const scalars = [rows, classes, ignoreIndex, reductionCode[reduction], labelSmoothing, zLoss];
  backend.encode(
    'cross_entropy.forward',
    [logits.buffer, targets.buffer, y.buffer, logSumExp.buffer, kept.buffer],
    scalars,
  );
  if (needsGradient(logits)) {
    recordGradient(y, [logits], [logits, targets, logSumExp, kept], (dy, sink) => {
      const dlogits = sink.into(logits);
      backend.encode(
        'cross_entropy.backward',
        [dy.buffer, logits.storage.id, targets.storage.id, logSumExp.storage.id, kept.storage.id, dlogits.buffer],
        [...scalars, dlogits.accumulate],
      );
    });
  }
  logSumExp.dispose();
  kept.dispose();
  return y;
}
