import type { KernelSignature } from '../signature.ts';

/** y[i] = value. Behind `Tensor.full` and `Tensor.zeros`. */
export const fillKernels: readonly KernelSignature[] = [
  { name: 'fill.forward', reads: [], writes: ['y'], scalars: ['count', 'value'] },
];
