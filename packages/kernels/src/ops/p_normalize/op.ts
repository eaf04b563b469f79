import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, bufferOrNone, ensureFloats, resolveAxis, rowsOf, savedOrNone } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';
import { transpose } from '../transpose/op.ts';

/**
 * x, y [rows, width]; gain [1]; norm [rows]. For each row, with m = max |x| (1 where that is 0, so that nothing over- or underflows):
 *
 *     norm = m (sum (|x| / m)^p)^(1/p)          d = max(norm, eps), NaN where norm is NaN
 *     y    = gain x / d
 *
 *     backward   slope   = sign(x) (|x| / norm)^(p-1)     where norm >= eps, else 0     (the derivative of d)
 *                dx    (+)= gain / d (dy - slope sum(dy x) / d)
 *                dgain (+)= sum over rows and width of dy x / d
 *
 * An absent gain is 1. norm is absent where no gradient is wanted. p is at least 1. At x = 0 the slope is 0.
 */
export const pNormalizeKernels: readonly KernelSignature[] = [
  {
    name: 'p_normalize.forward',
    reads: ['x', 'gain?'],
    writes: ['y', 'norm?'],
    scalars: ['rows', 'width', 'p', 'eps'],
  },
  {
    name: 'p_normalize.backward',
    reads: ['dy', 'x', 'gain?', 'norm'],
    writes: ['dx?', 'dgain?'],
    scalars: ['rows', 'width', 'p', 'eps', 'accumulateX', 'accumulateGain'],
  },
];

export interface PNormalizeOptions {
  /** One learned factor for everything. */
  readonly gain?: Tensor;
  readonly axis?: number;
  /** The norm is at least this. */
  readonly eps?: number;
}

/** x over its p-norm along an axis, p from 1 (2: Euclidean), times one gain. */
export function pNormalize(x: Tensor, p: number, options: PNormalizeOptions = {}): Tensor {
  return normalizedBy('pNormalize', x, p, options);
}

/** Shared by the ops that divide by a norm. */
export function normalizedBy(op: string, x: Tensor, p: number, options: PNormalizeOptions): Tensor {
  const { gain, axis = -1, eps = 1e-12 } = options;
  ensureFloats(op, { x, gain });
  backendOf(op, x, gain);
  ensure(Number.isFinite(p) && p >= 1, 'invalid-argument', () => `${op}: p is a number from 1, found ${p}`);
  ensure(
    gain === undefined || gain.size === 1,
    'shape-mismatch',
    () => `${op}: gain has one element, found shape ${formatShape(gain!.shape)}`,
  );
  const last = x.shape.length - 1;
  const along = resolveAxis(op, axis, x.shape.length);
  if (along === last) return rowsNormalized(op, x, p, gain, eps);
  const order = x.shape.map((_, i) => (i === along ? last : i === last ? along : i));
  return transpose(rowsNormalized(op, transpose(x, order), p, gain, eps), order);
}

function rowsNormalized(op: string, x: Tensor, p: number, gain: Tensor | undefined, eps: number): Tensor {
  const { backend } = x;
  const { rows, width } = rowsOf(op, x);
  const y = Tensor.empty(backend, x.shape);
  const recorded = needsGradient(x, gain);
  const norm = recorded ? Tensor.empty(backend, [rows]) : undefined;
  const sizes = [rows, width, p, eps];
  backend.encode('p_normalize.forward', [x.buffer, bufferOrNone(gain), y.buffer, bufferOrNone(norm)], sizes);
  if (recorded) {
    recordGradient(y, [x, gain], [x, gain, norm], (dy, sink) => {
      const dx = sink.into(x);
      const dgain = sink.into(gain);
      backend.encode(
        'p_normalize.backward',
        [dy.buffer, x.storage.id, savedOrNone(gain), savedOrNone(norm), dx.buffer, dgain.buffer],
        [...sizes, dx.accumulate, dgain.accumulate],
      );
    });
  }
  norm?.dispose();
  return y;
}
