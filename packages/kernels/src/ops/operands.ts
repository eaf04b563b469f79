import type { Backend, Dtype } from '../backend.ts';
import { ensure, formatShape, KernelError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';

/** The backend that all operands live on. */
export function backendOf(op: string, first: Tensor, ...others: readonly (Tensor | undefined)[]): Backend {
  for (const other of others) {
    if (other !== undefined && other.backend !== first.backend) {
      throw new KernelError(
        'backend-mismatch',
        `${op}: operands live on different backends (${first.backend.name} and ${other.backend.name})`,
      );
    }
  }
  return first.backend;
}

export function ensureDtype(op: string, name: string, tensor: Tensor | undefined, dtype: Dtype): void {
  if (tensor !== undefined && tensor.dtype !== dtype) {
    throw new KernelError('dtype-mismatch', `${op}: ${name} is ${dtype}, found ${tensor.dtype}`);
  }
}

export function ensureFloats(op: string, operands: Readonly<Record<string, Tensor | undefined>>): void {
  for (const name in operands) ensureDtype(op, name, operands[name], 'f32');
}

export function ensureShape(op: string, name: string, tensor: Tensor | undefined, expected: readonly number[]): void {
  if (tensor !== undefined && !sameShape(tensor.shape, expected)) {
    throw new KernelError(
      'shape-mismatch',
      `${op}: ${name} has shape ${formatShape(expected)}, found ${formatShape(tensor.shape)}`,
    );
  }
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** The last extent of x and the number of rows before it: how norms, softmax and linear see x. */
export function rowsOf(op: string, x: Tensor): { rows: number; width: number } {
  const width = x.shape.at(-1);
  if (width === undefined) throw new KernelError('shape-mismatch', `${op}: x needs at least one dimension, found []`);
  let rows = 1;
  for (let axis = 0; axis < x.shape.length - 1; axis++) rows *= x.shape[axis]!;
  return { rows, width };
}

/** Counts an axis from the end where it is negative. */
export function resolveAxis(op: string, axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  ensure(
    Number.isInteger(resolved) && resolved >= 0 && resolved < rank,
    'invalid-argument',
    () => `${op}: axis ${axis} of a tensor with ${rank} dimensions`,
  );
  return resolved;
}

/** Splits a shape at an axis: extents before it, of it, after it, multiplied up. */
export function splitAt(shape: readonly number[], axis: number): { outer: number; length: number; inner: number } {
  let outer = 1;
  let inner = 1;
  for (let i = 0; i < axis; i++) outer *= shape[i]!;
  for (let i = axis + 1; i < shape.length; i++) inner *= shape[i]!;
  return { outer, length: shape[axis]!, inner };
}

/** The buffer of an optional operand: 0 where it is absent. */
export function bufferOrNone(tensor: Tensor | undefined): number {
  return tensor === undefined ? 0 : tensor.buffer;
}

/** The same for a gradient rule, which may run after the tensor's scope has ended. */
export function savedOrNone(tensor: Tensor | undefined): number {
  return tensor === undefined ? 0 : tensor.storage.id;
}
