import { type ReferenceKernels, storeAll } from '../../reference/operands.ts';
import { eachWindow } from '../pools_reference.ts';

export const avgPool2dReference: ReferenceKernels = {
  'avg_pool2d.forward': (operands) => {
    const x = operands.floats('x');
    const y = operands.floats('y');
    const countPadding = operands.flag('countPadding');
    eachWindow(operands, ({ output, inputs, padded }) => {
      let sum = 0;
      for (const input of inputs) sum += x[input]!;
      y[output] = sum / (countPadding ? padded : inputs.length);
    });
  },

  'avg_pool2d.backward': (operands) => {
    const dy = operands.floats('dy');
    const countPadding = operands.flag('countPadding');
    const size = operands.scalar('planes') * operands.scalar('height') * operands.scalar('width');
    const sums = new Float64Array(size);
    eachWindow(operands, ({ output, inputs, padded }) => {
      for (const input of inputs) sums[input]! += dy[output]! / (countPadding ? padded : inputs.length);
    });
    storeAll(operands.floats('dx'), sums, operands.flag('accumulateX'));
  },
};
