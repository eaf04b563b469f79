import { needsGradient, recordGradient } from '../../recording.ts';
import type { Tensor } from '../../tensor.ts';
import { binarySignature, encodeBinary, passSum } from '../elementwise.ts';
import type { KernelSignature } from '../signature.ts';

/** y = a + b. Gradients need no kernel of their own: dy is passed on, or summed (`sum.forward`) where an operand was repeated. */
export const addKernels: readonly KernelSignature[] = [binarySignature('add')];

/** a + b with numpy's broadcasting. */
export function add(a: Tensor, b: Tensor): Tensor {
  const y = encodeBinary('add', a, b);
  if (needsGradient(a, b)) {
    recordGradient(y, [a, b], [], (dy, sink) => {
      passSum(dy, a, 1, sink);
      passSum(dy, b, 1, sink);
    });
  }
  return y;
}
