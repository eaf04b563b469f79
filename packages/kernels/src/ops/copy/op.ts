import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/** y[i] = x[i], bit for bit. `count` elements of f32. */
export const copyKernels: readonly KernelSignature[] = [
  { name: 'copy.forward', reads: ['x'], writes: ['y'], scalars: ['count'] },
];

/** A tensor of its own with the values of x. */
export function copy(x: Tensor): Tensor {
  ensureFloats('copy', { x });
  const y = Tensor.empty(backendOf('copy', x), x.shape);
  x.backend.encode('copy.forward', [x.buffer, y.buffer], [x.size]);
  if (needsGradient(x)) recordGradient(y, [x], [], (dy, sink) => sink.pass(x, dy));
  return y;
}
