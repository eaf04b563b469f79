import { needsGradient, recordGradient } from '../../recording.ts';
import { Tensor } from '../../tensor.ts';
import { backendOf, ensureFloats } from '../operands.ts';
import type { KernelSignature } from '../signature.ts';

/**
 * y[i] (+)= factor x[i]: the op, its own gradient, and (factor 1, accumulate 1) how gradients are added up in place.
 * `factor` is rounded to f32 first; without accumulate one rounding (x * factor), with it fma(x, factor, y).
 */
export const scaleKernels: readonly KernelSignature[] = [
  { name: 'scale.forward', reads: ['x'], writes: ['y'], scalars: ['count', 'factor', 'accumulate'] },
];

/** x times a number. */
export function scale(x: Tensor, factor: number): Tensor {
  ensureFloats('scale', { x });
  const backend = backendOf('scale', x);
  const y = Tensor.empty(backend, x.shape);
  backend.encode('scale.forward', [x.buffer, y.buffer], [x.size, factor, 0]);
  if (needsGradient(x)) {
    recordGradient(y, [x], [], (dy, sink) => {
      const dx = sink.into(x);
      backend.encode('scale.forward', [dy.buffer, dx.buffer], [x.size, factor, dx.accumulate]);
    });
  }
  return y;
}
