import type { ReferenceKernels } from '../../reference/operands.ts';

export const copyReference: ReferenceKernels = {
  'copy.forward': (operands) => {
    operands.floats('y').set(operands.floats('x').subarray(0, operands.scalar('count')));
  },
};
