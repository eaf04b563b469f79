import { type ReferenceKernels, store } from '../../reference/operands.ts';
import { forEachLine } from '../softmax/reference.ts';

export const logSoftmaxReference: ReferenceKernels = {
  'log_softmax.forward': (operands) => {
    const x = operands.floats('x');
    const y = operands.floats('y');
    const width = operands.scalar('width');
    forEachLine(operands, (start, step) => {
      let largest = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < width; i++) largest = Math.max(largest, x[start + i * step]!);
      let sum = 0;
      for (let i = 0; i < width; i++) sum += Math.exp(x[start + i * step]! - largest);
      const logSum = Math.log(sum);
      for (let i = 0; i < width; i++) y[start + i * step] = x[start + i * step]! - largest - logSum;
    });
  },

  'log_softmax.backward': (operands) => {
    const dy = operands.floats('dy');
    const y = operands.floats('y');
    const dx = operands.floats('dx');
    const width = operands.scalar('width');
    const accumulate = operands.flag('accumulate');
    forEachLine(operands, (start, step) => {
      let sum = 0;
      for (let i = 0; i < width; i++) sum += dy[start + i * step]!;
      for (let i = 0; i < width; i++) {
        const at = start + i * step;
        store(dx, at, dy[at]! - Math.exp(y[at]!) * sum, accumulate);
      }
    });
  },
};
