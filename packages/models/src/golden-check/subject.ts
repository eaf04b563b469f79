import { type Backend, createReferenceBackend, type Tensor } from '@claimbench/kernels';
import { createDawnBackend, createNativeBackend } from '@claimbench/kernels/node';

/** What is checked: a backend, and what its float tensors are stored in. */
export interface GoldenSubject {
  readonly backend: Backend;
  readonly precision: 'f32' | 'f64';
}

/** The backends by the names that `--backend` takes. */
export const SUBJECTS: Readonly<Record<string, () => Promise<GoldenSubject>>> = {
  native: async () => ({ backend: createNativeBackend(), precision: 'f32' }),
  reference: async () => ({ backend: createReferenceBackend({ precision: 'f64' }), precision: 'f64' }),
  webgpu: async () => ({ backend: await createDawnBackend(), precision: 'f32' }),
};

/** Those that every machine has. */
export const EVERYWHERE: readonly string[] = ['reference', 'native'];

/** A tensor's values with all the digits that the backend keeps. Disposes the tensor. */
export async function takeValues(subject: GoldenSubject, tensor: Tensor): Promise<Float64Array> {
  using taken = tensor;
  if (subject.precision === 'f32') return Float64Array.from(await taken.readFloats());
  const values = new Float64Array(taken.size);
  await subject.backend.read(taken.buffer, values);
  return values;
}

/** One thing that was compared. `error` beyond `bound`, or NaN, is a violation. */
export interface Comparison {
  readonly what: string;
  readonly error: number;
  readonly bound: number;
}

export function isWithin({ error, bound }: Comparison): boolean {
  return error <= bound;
}

/** Largest |found - expected|; infinity where the sizes differ or a value is not finite. */
export function largestDifference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let at = 0; at < expected.length; at++) {
    const difference = Math.abs(found[at]! - expected[at]!);
    if (!Number.isFinite(difference)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, difference);
  }
  return largest;
}

/** Mean squared error by the mean square of what was expected: what "the same logits" means for float32. */
export function normalisedError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let error = 0;
  let total = 0;
  for (let at = 0; at < expected.length; at++) {
    error += (found[at]! - expected[at]!) ** 2;
    total += expected[at]! ** 2;
  }
  return total === 0 ? error : error / total;
}
