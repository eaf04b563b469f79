import { type ReferenceKernels, store } from '../../reference/operands.ts';

export const scaleReference: ReferenceKernels = {
  'scale.forward': (operands) => {
    const x = operands.floats('x');
    const y = operands.floats('y');
    const count = operands.scalar('count');
    const factor = operands.scalar('factor');
    const accumulate = operands.flag('accumulate');
    for (let i = 0; i < count; i++) store(y, i, factor * x[i]!, accumulate);
  },
};
