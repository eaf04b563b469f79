import { type ReferenceKernels, store } from '../reference/operands.ts';

/** Forward and backward of a gated unit. */
export function gatedReference(
  name: string,
  activation: (gate: number) => number,
  derivative: (gate: number) => number,
): ReferenceKernels {
  return {
    [`${name}.forward`]: (operands) => {
      const gate = operands.floats('gate');
      const up = operands.floats('up');
      const y = operands.floats('y');
      const count = operands.scalar('count');
      for (let i = 0; i < count; i++) y[i] = activation(gate[i]!) * up[i]!;
    },
    [`${name}.backward`]: (operands) => {
      const dy = operands.floats('dy');
      const gate = operands.floats('gate');
      const up = operands.floats('up');
      const dgate = operands.floatsIfAny('dgate');
      const dup = operands.floatsIfAny('dup');
      const accumulateGate = operands.flag('accumulateGate');
      const accumulateUp = operands.flag('accumulateUp');
      const count = operands.scalar('count');
      for (let i = 0; i < count; i++) {
        if (dgate !== undefined) store(dgate, i, dy[i]! * up[i]! * derivative(gate[i]!), accumulateGate);
        if (dup !== undefined) store(dup, i, dy[i]! * activation(gate[i]!), accumulateUp);
      }
    },
  };
}
