import type { ReferenceKernels } from '../../reference/operands.ts';

export const concatReference: ReferenceKernels = {
  'concat.forward': (operands) => {
    const x = operands.floats('x');
    const y = operands.floats('y');
    const outer = operands.scalar('outer');
    const inner = operands.scalar('inner');
    const yLength = operands.scalar('yLength');
    const start = operands.scalar('start');
    const run = operands.scalar('length') * inner;
    for (let o = 0; o < outer; o++) y.set(x.subarray(o * run, (o + 1) * run), (o * yLength + start) * inner);
  },
};
