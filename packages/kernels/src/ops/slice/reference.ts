import { type ReferenceKernels, store } from '../../reference/operands.ts';

export const sliceReference: ReferenceKernels = {
  'slice.forward': (operands) => {
    const x = operands.floats('x');
    const y = operands.floats('y');
    const outer = operands.scalar('outer');
    const inner = operands.scalar('inner');
    const accumulate = operands.flag('accumulate');
    const run = operands.scalar('length') * inner;
    for (let o = 0; o < outer; o++) {
      const from = (o * operands.scalar('xLength') + operands.scalar('start')) * inner;
      for (let i = 0; i < run; i++) store(y, o * run + i, x[from + i]!, accumulate);
    }
  },

  'slice.backward': (operands) => {
    const dy = operands.floats('dy');
    const dx = operands.floats('dx');
    const outer = operands.scalar('outer');
    const inner = operands.scalar('inner');
    const xLength = operands.scalar('xLength');
    const run = operands.scalar('length') * inner;
    if (!operands.flag('accumulate')) dx.fill(0, 0, outer * xLength * inner);
    for (let o = 0; o < outer; o++) {
      const to = (o * xLength + operands.scalar('start')) * inner;
      for (let i = 0; i < run; i++) dx[to + i]! += dy[o * run + i]!;
    }
  },
};
