import { type ReferenceKernels, sumInto } from '../../reference/operands.ts';

export const sumReference: ReferenceKernels = {
  'sum.forward': (operands) => {
    const x = operands.floats('x');
    const factor = operands.scalar('factor');
    const loop = operands.loop();
    sumInto(loop, operands.floats('y'), operands.flag('accumulate'), ([atX]) => factor * x[atX!]!);
  },
};
