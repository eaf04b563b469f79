import { type ReferenceKernels, store, walk } from '../reference/operands.ts';

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

/** Forward and backward of a function of one element. `derivative` takes x or y, as the op's signature says. */
export function unaryReference(
  name: string,
  rule: 'x' | 'y',
  compute: (x: number) => number,
  derivative: (saved: number) => number,
): ReferenceKernels {
  return {
    [`${name}.forward`]: (operands) => {
      const x = operands.floats('x');
      const y = operands.floats('y');
      const count = operands.scalar('count');
      for (let i = 0; i < count; i++) y[i] = compute(x[i]!);
    },
    [`${name}.backward`]: (operands) => {
      const dy = operands.floats('dy');
      const saved = operands.floats(rule);
      const dx = operands.floats('dx');
      const count = operands.scalar('count');
      const accumulate = operands.flag('accumulate');
      for (let i = 0; i < count; i++) store(dx, i, dy[i]! * derivative(saved[i]!), accumulate);
    },
  };
}
