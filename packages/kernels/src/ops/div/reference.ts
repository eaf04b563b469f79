import { type ReferenceKernels, sumInto } from '../../reference/operands.ts';
import { binaryReference } from '../elementwise_reference.ts';

export const divReference: ReferenceKernels = {
  ...binaryReference('div', (a, b) => a / b),

  'div.backward_dividend': (operands) => {
    const dy = operands.floats('dy');
    const b = operands.floats('b');
    sumInto(
      operands.loop(),
      operands.floats('da'),
      operands.flag('accumulate'),
      ([atDy, atB]) => dy[atDy!]! / b[atB!]!,
    );
  },

  'div.backward_divisor': (operands) => {
    const dy = operands.floats('dy');
    const y = operands.floats('y');
    const b = operands.floats('b');
    sumInto(
      operands.loop(),
      operands.floats('db'),
      operands.flag('accumulate'),
      ([atDy, atY, atB]) => (-dy[atDy!]! * y[atY!]!) / b[atB!]!,
    );
  },
};
