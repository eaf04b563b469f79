import { needsGradient, recordGradient } from '../../recording.ts';
import type { Tensor } from '../../tensor.ts';
import { binarySignature, encodeBinary, encodeBroadcastGradient } from '../elementwise.ts';
import type { KernelSignature } from '../signature.ts';

/**
 *     forward              y = a / b
 *     backward_dividend    da (+)= sum of dy / b          over the extents where da has stride 0; loop operands: dy, b, da
 *     backward_divisor     db (+)= sum of -dy y / b       over the extents where db has stride 0; loop operands: dy, y, b, db
 */
export const divKernels: readonly KernelSignature[] = [
  binarySignature('div'),
  {
    name: 'div.backward_dividend',
    reads: ['dy', 'b'],
    writes: ['da'],
    scalars: ['accumulate', '...loop(dy, b, da)'],
  },
  {
    name: 'div.backward_divisor',
    reads: ['dy', 'y', 'b'],
    writes: ['db'],
    scalars: ['accumulate', '...loop(dy, y, b, db)'],
  },
];

/** a divided by b with numpy's broadcasting. */
export function div(a: Tensor, b: Tensor): Tensor {
  const y = encodeBinary('div', a, b);
  if (needsGradient(a, b)) {
    const savedY = needsGradient(b) ? y : undefined;
    recordGradient(y, [a, b], [savedY, b], (dy, sink) => {
      const gradient = { buffer: dy.buffer, shape: dy.shape };
      const divisor = { buffer: b.storage.id, shape: b.shape };
      encodeBroadcastGradient('div.backward_dividend', dy, [gradient, divisor], a, sink);
      if (savedY !== undefined) {
        const quotient = { buffer: savedY.storage.id, shape: dy.shape };
        encodeBroadcastGradient('div.backward_divisor', dy, [gradient, quotient, divisor], b, sink);
      }
    });
  }
  return y;
}
