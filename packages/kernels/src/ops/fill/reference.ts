import type { ReferenceKernels } from '../../reference/operands.ts';

export const fillReference: ReferenceKernels = {
  'fill.forward': (operands) => {
    operands.floats('y').fill(operands.scalar('value'), 0, operands.scalar('count'));
  },
};
