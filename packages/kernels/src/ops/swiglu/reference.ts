import { type ReferenceKernels, store } from '../../reference/operands.ts';

export const swigluReference: ReferenceKernels = {
  'swiglu.forward': (operands) => {
    const gate = operands.floats('gate');
    const up = operands.floats('up');
    const y = operands.floats('y');
    const count = operands.scalar('count');
    for (let i = 0; i < count; i++) y[i] = (gate[i]! / (1 + Math.exp(-gate[i]!))) * up[i]!;
  },

  'swiglu.backward': (operands) => {
    const dy = operands.floats('dy');
    const gate = operands.floats('gate');
    const up = operands.floats('up');
    const dgate = operands.floatsIfAny('dgate');
    const dup = operands.floatsIfAny('dup');
    const accumulateGate = operands.flag('accumulateGate');
    const accumulateUp = operands.flag('accumulateUp');
    const count = operands.scalar('count');
    for (let i = 0; i < count; i++) {
      const g = gate[i]!;
      const s = 1 / (1 + Math.exp(-g));
      const slope = s * (1 + g * (1 - s));
      if (dgate !== undefined) store(dgate, i, dy[i]! * up[i]! * slope, accumulateGate);
      if (dup !== undefined) store(dup, i, dy[i]! * g * s, accumulateUp);
    }
  },
};
