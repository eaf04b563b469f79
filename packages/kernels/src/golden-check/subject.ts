import type { Backend } from '../backend.ts';
import { Tensor } from '../tensor.ts';
import type { GoldenCase } from './manifest.ts';
import { type StoredTensor, valuesOf } from './safetensors.ts';

/** What is checked: a backend, and what its float tensors are stored in. */
export interface GoldenSubject {
  readonly backend: Backend;
  readonly precision: 'f32' | 'f64';
}

export function tensorOf(subject: GoldenSubject, stored: StoredTensor): Tensor {
  const values = valuesOf(stored);
  if (stored.dtype === 'I32') return Tensor.from(subject.backend, Int32Array.from(values), stored.shape);
  if (stored.dtype === 'U8') return Tensor.from(subject.backend, Uint8Array.from(values), stored.shape);
  return Tensor.from(subject.backend, Float32Array.from(values), stored.shape);
}

/** A tensor's values, with all the digits that the backend keeps. */
export async function valuesFrom(subject: GoldenSubject, tensor: Tensor): Promise<Float64Array> {
  if (subject.precision === 'f64' && tensor.dtype === 'f32') {
    const values = new Float64Array(tensor.size);
    await subject.backend.read(tensor.buffer, values);
    return values;
  }
  return Float64Array.from(await tensor.read());
}

/** The worst value of one compared tensor, as a share of its bound. */
export interface Comparison {
  /** Largest |found - expected|; infinity where a NaN, an infinity or the size differs. */
  readonly error: number;
  readonly bound: number;
}

/**
 * Float32 kernels: 16 times PyTorch's own float32 error (another order of summation has another error of that size), plus
 * 2e-6 of the largest value (about 16 roundings), plus 1e-7 (gradients that are zero in exact arithmetic). Float64: 1e-10.
 */
export function compare(
  subject: GoldenSubject,
  found: Float64Array,
  expected: Float64Array,
  float32Error = 0,
): Comparison {
  let largest = 0;
  for (const value of expected) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  const bound = subject.precision === 'f64' ? 1e-10 * Math.max(1, largest) : 16 * float32Error + 2e-6 * largest + 1e-7;
  return { error: largestError(found, expected), bound };
}

export function largestError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let error = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(found[i], expected[i]) || found[i] === expected[i]) continue;
    const difference = Math.abs(found[i]! - expected[i]!);
    error = Math.max(error, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }
  return error;
}

/** Checks one case; undefined where the op, or this use of it, is not implemented. */
export type CaseCheck = (subject: GoldenSubject, golden: GoldenCase) => Promise<Comparison[] | undefined>;
