import { needsGradient, recordGradient } from '../../recording.ts';
import type { Tensor } from '../../tensor.ts';
import { binarySignature, encodeBinary, passSum } from '../elementwise.ts';
import type { KernelSignature } from '../signature.ts';

/** y = a - b. Gradients: dy passed on, and `sum.forward` with factor -1. */
export const subKernels: readonly KernelSignature[] = [binarySignature('sub')];

/** a - b with numpy's broadcasting. */
export function sub(a: Tensor, b: Tensor): Tensor {
  const y = encodeBinary('sub', a, b);
  if (needsGradient(a, b)) {
    recordGradient(y, [a, b], [], (dy, sink) => {
      passSum(dy, a, 1, sink);
      passSum(dy, b, -1, sink);
    });
  }
  return y;
}
