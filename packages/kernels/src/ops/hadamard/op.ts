import { ensure } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats, rowsOf } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x, y [rows, width], width a multiple of size = 2^k. Each run of `size` elements is multiplied by Sylvester's Hadamard matrix
 * H[i, j] = (-1)^(number of bits set in i & j):
 *
 *     y[i] (+)= factor sum_j H[i, j] x[j]
 *
 * in k stages of sums and differences of elements 1, 2, 4, .. apart. H is symmetric: the gradient is the same kernel.
 */
export const hadamardKernels: readonly KernelSignature[] = [
  { name: 'hadamard.forward', reads: ['x'], writes: ['y'], scalars: ['rows', 'width', 'size', 'factor', 'accumulate'] },
];

export interface HadamardOptions {
  /** Order of the transform, a power of two that divides the last extent; absent: the largest that does. */
  readonly size?: number;
  /** Absent: 1 / sqrt(size), which makes the transform orthogonal and its own inverse. */
  readonly factor?: number;
}

/** Fast Walsh-Hadamard transform along the last axis, in blocks of `size`. */
export function hadamard(x: Tensor, options: HadamardOptions = {}): Tensor {
  ensureFloats('hadamard', { x });
  const backend = backendOf('hadamard', x);
  const { rows, width } = rowsOf('hadamard', x);
  const size = options.size ?? largestPowerIn(width);
  ensure(
    Number.isInteger(size) && size >= 1 && size <= 2 ** 24 && largestPowerIn(size) === size && width % size === 0,
    'invalid-argument',
    () => `hadamard: size is a power of two that divides ${width}, found ${size}`,
  );
  const factor = options.factor ?? 1 / Math.sqrt(size);
  const y = Tensor.empty(backend, x.shape);
  backend.encode('hadamard.forward', [x.buffer, y.buffer], [rows, width, size, factor, 0]);
  if (needsGradient(x)) {
    recordGradient(y, [x], [], (dy, sink) => {
      const dx = sink.into(x);
      backend.encode('hadamard.forward', [dy.buffer, dx.buffer], [rows, width, size, factor, dx.accumulate]);
    });
  }
  return y;
}

/** The largest power of two that divides a whole number; 1 for 0. */
function largestPowerIn(value: number): number {
  let power = 1;
  while (value > 0 && value % (2 * power) === 0) power *= 2;
  return power;
}
