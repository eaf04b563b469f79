import { ensure } from '../errors.ts';

/**
 * The orthonormal Walsh-Hadamard transform, in place, of every `size` neighbouring values: `x H / sqrt(size)` with Sylvester's
 * H. Its own inverse. `size` is a power of two that divides the length; O(length log size) additions.
 */
export function hadamardTransform(values: Float32Array | Float64Array, size: number): void {
  ensure(
    Number.isInteger(size) && size > 0 && (size & (size - 1)) === 0,
    'invalid-argument',
    () => `a Hadamard transform has a power of two as its size, not ${size}`,
  );
  ensure(
    values.length % size === 0,
    'size-mismatch',
    () => `${values.length} values are not divided into groups of ${size}`,
  );
  const scale = 1 / Math.sqrt(size);
  for (let start = 0; start < values.length; start += size) {
    for (let half = 1; half < size; half *= 2) {
      for (let block = start; block < start + size; block += 2 * half) {
        for (let i = block; i < block + half; i++) {
          const x = values[i]!;
          const y = values[i + half]!;
          values[i] = x + y;
          values[i + half] = x - y;
        }
      }
    }
    for (let i = start; i < start + size; i++) values[i]! *= scale;
  }
}
