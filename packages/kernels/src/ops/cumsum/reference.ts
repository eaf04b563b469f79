import { type ReferenceKernels, store } from '../../reference/operands.ts';
import { forEachLine } from '../softmax/reference.ts';

export const cumsumReference: ReferenceKernels = {
  'cumsum.forward': (operands) => {
    const x = operands.floats('x');
    const y = operands.floats('y');
    const width = operands.scalar('width');
    const backwards = operands.flag('backwards');
    const accumulate = operands.flag('accumulate');
    forEachLine(operands, (start, step) => {
      let sum = 0;
      for (let i = 0; i < width; i++) {
        const at = start + (backwards ? width - 1 - i : i) * step;
        sum += x[at]!;
        store(y, at, sum, accumulate);
      }
    });
  },
};
