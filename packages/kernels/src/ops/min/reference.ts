import type { ReferenceKernels } from '../../reference/operands.ts';
import { reduceTo } from '../max/reference.ts';

export const minReference: ReferenceKernels = {
  'min.forward': (operands) => reduceTo(operands, Number.POSITIVE_INFINITY, Math.min),
};
