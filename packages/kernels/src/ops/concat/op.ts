import { ensure, formatShape } from '../../errors.ts';
import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats, resolveAxis, sameShape, splitAt } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * x [outer, length, inner] goes into y [outer, yLength, inner]; the rest of y is left as it is. Bit-exact.
 *
 *     y[o, start + l, i] = x[o, l, i]
 *
 * concat is one such command for each part; its gradient takes the parts out again with `slice.forward`.
 */
export const concatKernels: readonly KernelSignature[] = [
  { name: 'concat.forward', reads: ['x'], writes: ['y'], scalars: ['outer', 'inner', 'yLength', 'start', 'length'] },
];

/** Joins tensors along an axis; all other extents are equal. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const [first] = parts;
  ensure(first !== undefined, 'invalid-argument', () => 'concat: at least one tensor is needed, found none');
  const backend = backendOf('concat', first, ...parts);
  const at = resolveAxis('concat', axis, first.shape.length);
  let total = 0;
  for (const part of parts) {
    ensureFloats('concat', { part });
    ensure(
      part.shape.length === first.shape.length && sameShape(part.shape.with(at, 0), first.shape.with(at, 0)),
      'shape-mismatch',
      () => `concat along axis ${at}: ${formatShape(first.shape)} and ${formatShape(part.shape)} do not fit`,
    );
    total += part.shape[at]!;
  }
  const y = Tensor.empty(backend, first.shape.with(at, total));
  const { outer, inner } = splitAt(y.shape, at);
  const starts: number[] = [];
  let start = 0;
  for (const part of parts) {
    const length = part.shape[at]!;
    backend.encode('concat.forward', [part.buffer, y.buffer], [outer, inner, total, start, length]);
    starts.push(start);
    start += length;
  }
  if (needsGradient(...parts)) {
    recordGradient(y, parts, [], (dy, sink) => {
      parts.forEach((part, index) => {
        const dpart = sink.into(part);
        if (dpart.buffer === 0) return;
        backend.encode(
          'slice.forward',
          [dy.buffer, dpart.buffer],
          [outer, inner, total, starts[index]!, part.shape[at]!, dpart.accumulate],
        );
      });
    });
  }
  return y;
}

/**
 * Writes `source` into rows start.. of `target` along an axis, in place (a key or value cache). Never recorded: neither may need a
 * gradient.
 */
export function writeSlice(target: Tensor, source: Tensor, axis: number, start: number): void {
  ensureFloats('writeSlice', { target, source });
  const backend = backendOf('writeSlice', target, source);
  const at = resolveAxis('writeSlice', axis, target.shape.length);
  const length = source.shape[at] ?? 0;
  ensure(
    sameShape(source.shape, target.shape.with(at, length)) && start >= 0 && start + length <= target.shape[at]!,
    'shape-mismatch',
    () =>
      `writeSlice: ${formatShape(source.shape)} does not fit into ${formatShape(target.shape)} at ${start} of axis ${at}`,
  );
  ensure(!needsGradient(target, source), 'invalid-argument', () => 'writeSlice works in place and has no gradient');
  const { outer, inner } = splitAt(target.shape, at);
  backend.encode('concat.forward', [source.buffer, target.buffer], [outer, inner, target.shape[at]!, start, length]);
}
