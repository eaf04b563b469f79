import type { Tensor } from '../../tensor.ts';
import type { KernelSignature } from '../signature.ts';
import { alongAxis } from '../softmax/op.ts';

/**
 * x, y [outer, width, inner], along width:
 *
 *     forward    y = x - max x - log sum exp(x - max x)
 *     backward   dx (+)= dy - exp(y) sum dy
 */
export const logSoftmaxKernels: readonly KernelSignature[] = [
  { name: 'log_softmax.forward', reads: ['x'], writes: ['y'], scalars: ['outer', 'width', 'inner'] },
  {
    name: 'log_softmax.backward',
    reads: ['dy', 'y'],
    writes: ['dx'],
    scalars: ['outer', 'width', 'inner', 'accumulate'],
  },
];

/** Logarithm of the softmax along an axis. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return alongAxis('log_softmax', x, axis);
}
