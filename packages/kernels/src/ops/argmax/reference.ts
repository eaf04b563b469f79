import type { ReferenceKernels } from '../../reference/operands.ts';
import { forEachLine } from '../softmax/reference.ts';

export const argmaxReference: ReferenceKernels = {
  'argmax.forward': (operands) => {
    const x = operands.floats('x');
    const y = operands.integers('y');
    const width = operands.scalar('width');
    let line = 0;
    forEachLine(operands, (start, step) => {
      let best = 0;
      for (let i = 1; i < width; i++) if (comesBefore(x[start + i * step]!, x[start + best * step]!)) best = i;
      y[line++] = best;
    });
  },
};

/** Whether a is larger than b, where NaN is larger than all else. */
export function comesBefore(a: number, b: number): boolean {
  return Number.isNaN(a) ? !Number.isNaN(b) : a > b;
}
