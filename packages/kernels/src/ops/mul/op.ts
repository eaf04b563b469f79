import { needsGradient, recordGradient } from '../../recording.ts';
import type { Tensor } from '../../tensor.ts';
import { binarySignature, encodeBinary, encodeBroadcastGradient } from '../elementwise.ts';
import type { KernelSignature } from '../signature.ts';

/**
 *     forward    y = a b
 *     backward   dx (+)= sum of dy other      over the extents where dx has stride 0
 *
 * backward serves both operands (`other` is b for da, a for db). Loop operands: dy, other, dx.
 */
export const mulKernels: readonly KernelSignature[] = [
  binarySignature('mul'),
  { name: 'mul.backward', reads: ['dy', 'other'], writes: ['dx'], scalars: ['accumulate', '...loop(dy, other, dx)'] },
];

/** a times b with numpy's broadcasting. */
export function mul(a: Tensor, b: Tensor): Tensor {
  const y = encodeBinary('mul', a, b);
  if (needsGradient(a, b)) {
    const savedA = needsGradient(b) ? a : undefined;
    const savedB = needsGradient(a) ? b : undefined;
    recordGradient(y, [a, b], [savedA, savedB], (dy, sink) => {
      const gradient = { buffer: dy.buffer, shape: dy.shape };
      if (savedB !== undefined) {
        const other = { buffer: savedB.storage.id, shape: b.shape };
        encodeBroadcastGradient('mul.backward', dy, [gradient, other], a, sink);
      }
      if (savedA !== undefined) {
        const other = { buffer: savedA.storage.id, shape: a.shape };
        encodeBroadcastGradient('mul.backward', dy, [gradient, other], b, sink);
      }
    });
  }
  return y;
}
