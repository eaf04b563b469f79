import { type Operands, type ReferenceKernels, store, walk } from '../reference/operands.ts';

/** `<op>.forward` of two operands with broadcasting. */
export function binaryReference(op: string, compute: (a: number, b: number) => number): ReferenceKernels {
  return {
    [`${op}.forward`]: (operands) => {
      const a = operands.floats('a');
      const b = operands.floats('b');
      const y = operands.floats('y');
      let i = 0;
      walk(operands.loop(), ([atA, atB]) => {
        y[i++] = compute(a[atA!]!, b[atB!]!);
      });
    },
  };
}

/**
 * Forward and backward of a function of one element. `derivative` takes x or y, as the op's signature says. Both get the value of `parameter`,
 * where the signature names one.
 */
export function unaryReference(
  name: string,
  rule: 'x' | 'y',
  compute: (x: number, parameter: number) => number,
  derivative: (saved: number, parameter: number) => number,
  parameter?: string,
): ReferenceKernels {
  const valueIn = (operands: Operands) => (parameter === undefined ? 0 : operands.scalar(parameter));
  return {
    [`${name}.forward`]: (operands) => {
      const x = operands.floats('x');
      const y = operands.floats('y');
      const count = operands.scalar('count');
      const value = valueIn(operands);
      for (let i = 0; i < count; i++) y[i] = compute(x[i]!, value);
    },
    [`${name}.backward`]: (operands) => {
      const dy = operands.floats('dy');
      const saved = operands.floats(rule);
      const dx = operands.floats('dx');
      const count = operands.scalar('count');
      const accumulate = operands.flag('accumulate');
      const value = valueIn(operands);
      for (let i = 0; i < count; i++) store(dx, i, dy[i]! * derivative(saved[i]!, value), accumulate);
    },
  };
}
