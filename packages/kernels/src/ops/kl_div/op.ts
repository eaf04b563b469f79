import { ensure } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats, ensureShape } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';
import { broadcastStrides, loopScalars, mergeExtents } from '../strides.ts';

/**
 * For log-probabilities `input` and a target t that is a probability, or its logarithm where logTarget is 1 (in nats):
 *
 *     term         t (log t - input), with log t taken for 0 where t is 0;  exp(t) (t - input)
 *     forward      y = factor sum of terms                                  where y has stride 0
 *     to_input     dinput  (+)= factor dy (-t;  -exp(t))
 *     to_target    dtarget (+)= factor dy (log t + 1 - input;  exp(t) (t + 1 - input))
 */
export const klDivKernels: readonly KernelSignature[] = [
  {
    name: 'kl_div.forward',
    reads: ['input', 'target'],
    writes: ['y'],
    scalars: ['logTarget', 'factor', '...loop(input, target, y)'],
  },
  {
    name: 'kl_div.to_input',
    reads: ['dy', 'target'],
    writes: ['dinput'],
    scalars: ['logTarget', 'factor', 'accumulate', '...loop(dy, target, dinput)'],
  },
  {
    name: 'kl_div.to_target',
    reads: ['dy', 'input', 'target'],
    writes: ['dtarget'],
    scalars: ['logTarget', 'factor', 'accumulate', '...loop(dy, input, target, dtarget)'],
  },
];

export interface KlDivOptions {
  /**
   * 'none' gives every term, 'sum' their sum, 'mean' (default) the sum over the number of elements, 'batchmean' the sum over the first extent: the
   * divergence of a row where rows are distributions.
   */
  readonly reduction?: 'none' | 'mean' | 'sum' | 'batchmean';
  /** Whether `target` holds log-probabilities. */
  readonly logTarget?: boolean;
}

/**
 * Kullback-Leibler divergence KL(target || input) in nats from log-probabilities, elementwise or reduced to shape []. A target probability of 0
 * adds nothing beside a finite input; a log-probability of minus infinity as target gives NaN. The gradient flows to both.
 */
export function klDiv(input: Tensor, target: Tensor, options: KlDivOptions = {}): Tensor {
  const { reduction = 'mean', logTarget = false } = options;
  ensureFloats('klDiv', { input, target });
  ensureShape('klDiv', 'target', target, input.shape);
  const backend = backendOf('klDiv', input, target);
  const [batch] = input.shape;
  ensure(
    reduction !== 'batchmean' || batch !== undefined,
    'shape-mismatch',
    () => `klDiv: 'batchmean' needs at least one dimension, found []`,
  );
  const y = Tensor.empty(backend, reduction === 'none' ? input.shape : []);
  const terms = reduction === 'mean' ? input.size : reduction === 'batchmean' ? batch! : 1;
  const settings = [logTarget ? 1 : 0, terms === 0 ? Number.NaN : 1 / terms];
  const full = broadcastStrides(input.shape, input.shape);
  const result = broadcastStrides(y.shape, input.shape);
  const loopOf = (...strides: (readonly number[])[]) => loopScalars(mergeExtents(input.shape, strides));
  backend.encode(
    'kl_div.forward',
    [input.buffer, target.buffer, y.buffer],
    [...settings, ...loopOf(full, full, result)],
  );
  if (needsGradient(input, target)) {
    const savedInput = needsGradient(target) ? input : undefined;
    recordGradient(y, [input, target], [savedInput, target], (dy, sink) => {
      const dinput = sink.into(input);
      if (dinput.buffer !== 0) {
        backend.encode(
          'kl_div.to_input',
          [dy.buffer, target.storage.id, dinput.buffer],
          [...settings, dinput.accumulate, ...loopOf(result, full, full)],
        );
      }
      const dtarget = sink.into(target);
      if (dtarget.buffer !== 0) {
        backend.encode(
          'kl_div.to_target',
          [dy.buffer, input.storage.id, target.storage.id, dtarget.buffer],
          [...settings, dtarget.accumulate, ...loopOf(result, full, full, full)],
        );
      }
    });
  }
  return y;
}
