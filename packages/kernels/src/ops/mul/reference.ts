import { type ReferenceKernels, sumInto } from '../../reference/operands.ts';
import { binaryReference } from '../elementwise_reference.ts';

export const mulReference: ReferenceKernels = {
  ...binaryReference('mul', (a, b) => a * b),

  'mul.backward': (operands) => {
    const dy = operands.floats('dy');
    const other = operands.floats('other');
    sumInto(
      operands.loop(),
      operands.floats('dx'),
      operands.flag('accumulate'),
      ([atDy, atOther]) => dy[atDy!]! * other[atOther!]!,
    );
  },
};
