import { type GradientSink, needsGradient, recordGradient } from '../recording.ts';
import { Tensor } from '../tensor.ts';
import { backendOf, ensureFloats, sameShape } from './operands.ts';
import type { KernelSignature } from './signature.ts';
import { broadcastShapes, broadcastStrides, loopScalars, mergeExtents } from './strides.ts';

/** `<op>.forward` of two operands with broadcasting: y, contiguous in the loop's order, gets a op b. */
export function binarySignature(op: string): KernelSignature {
  return { name: `${op}.forward`, reads: ['a', 'b'], writes: ['y'], scalars: ['...loop(a, b)'] };
}

export function encodeBinary(op: string, a: Tensor, b: Tensor): Tensor {
  ensureFloats(op, { a, b });
  const backend = backendOf(op, a, b);
  const shape = sameShape(a.shape, b.shape) ? a.shape : broadcastShapes(op, a.shape, b.shape);
  const y = Tensor.empty(backend, shape);
  const loop = mergeExtents(shape, [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)]);
  backend.encode(`${op}.forward`, [a.buffer, b.buffer, y.buffer], loopScalars(loop));
  return y;
}

/**
 * Encodes a gradient kernel of a broadcasting op, `[...reads, target]`, whose loop sums over the extents in which `input` was
 * repeated. All `reads` have the shape of dy except those whose shape is given.
 */
export function encodeBroadcastGradient(
  kernel: string,
  dy: Tensor,
  reads: readonly { buffer: number; shape: readonly number[] }[],
  input: Tensor,
  sink: GradientSink,
): void {
  const target = sink.into(input);
  if (target.buffer === 0) return;
  const shapes = [...reads.map((read) => read.shape), input.shape];
  const loop = mergeExtents(
    dy.shape,
    shapes.map((shape) => broadcastStrides(shape, dy.shape)),
  );
  const buffers = [...reads.map((read) => read.buffer), target.buffer];
  dy.backend.encode(kernel, buffers, [target.accumulate, ...loopScalars(loop)]);
}

/** The gradient of an operand that is added with a factor: dy summed over the extents in which the operand was repeated. */
export function passSum(dy: Tensor, input: Tensor, factor: number, sink: GradientSink): void {
  if (factor === 1 && input.size === dy.size) {
    sink.pass(input, dy);
    return;
  }
  const target = sink.into(input);
  if (target.buffer === 0) return;
  const strides = [broadcastStrides(dy.shape, dy.shape), broadcastStrides(input.shape, dy.shape)];
  const loop = mergeExtents(dy.shape, strides);
  dy.backend.encode('sum.forward', [dy.buffer, target.buffer], [target.accumulate, factor, ...loopScalars(loop)]);
}

/**
 * Kernels of a function of one element: `<name>.forward` y[i] = f(x[i]) and `<name>.backward` dx[i] (+)= dy[i] f'(x[i]).
 * `rule` says whether the gradient is computed from x or, where that is cheaper, from y. `parameter` names a number that f depends on.
 */
export function unarySignatures(name: string, rule: 'x' | 'y', parameter?: string): readonly KernelSignature[] {
  const more = parameter === undefined ? [] : [parameter];
  return [
    { name: `${name}.forward`, reads: ['x'], writes: ['y'], scalars: ['count', ...more] },
    { name: `${name}.backward`, reads: ['dy', rule], writes: ['dx'], scalars: ['count', 'accumulate', ...more] },
  ];
}

export function unary(name: string, rule: 'x' | 'y', x: Tensor, parameter?: number): Tensor {
  const more = parameter === undefined ? [] : [parameter];
  ensureFloats(name, { x });
  const backend = backendOf(name, x);
  const y = Tensor.empty(backend, x.shape);
  backend.encode(`${name}.forward`, [x.buffer, y.buffer], [x.size, ...more]);
  if (needsGradient(x)) {
    const saved = rule === 'x' ? x : y;
    recordGradient(y, [x], [saved], (dy, sink) => {
      const dx = sink.into(x);
      backend.encode(`${name}.backward`, [dy.buffer, saved.storage.id, dx.buffer], [x.size, dx.accumulate, ...more]);
    });
  }
  return y;
}
