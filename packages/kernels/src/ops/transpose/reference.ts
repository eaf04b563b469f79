import { type ReferenceKernels, store, walk } from '../../reference/operands.ts';

export const transposeReference: ReferenceKernels = {
  'transpose.forward': (operands) => {
    const x = operands.floats('x');
    const y = operands.floats('y');
    const accumulate = operands.flag('accumulate');
    let i = 0;
    walk(operands.loop(), ([atX]) => {
      store(y, i++, x[atX!]!, accumulate);
    });
  },
};
