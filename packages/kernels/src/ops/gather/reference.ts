import { KernelError } from '../../errors.ts';
import { type ReferenceKernels, store, walk } from '../../reference/operands.ts';

export const gatherReference: ReferenceKernels = {
  'gather.forward': (operands) => {
    const x = operands.floats('x');
    const index = operands.integers('index');
    const y = operands.floats('y');
    const length = operands.scalar('length');
    const step = operands.scalar('step');
    const accumulate = operands.flag('accumulate');
    let i = 0;
    walk(operands.loop(), ([atX]) => {
      store(y, i, x[atX! + checked(index, i, length) * step]!, accumulate);
      i += 1;
    });
  },

  'gather.backward': (operands) => {
    const dy = operands.floats('dy');
    const index = operands.integers('index');
    const dx = operands.floats('dx');
    const length = operands.scalar('length');
    const step = operands.scalar('step');
    const count = operands.scalar('count');
    const dyStep = operands.scalar('dyStep');
    const sums = new Float64Array(operands.scalar('size'));
    walk(operands.loop(), ([atDy, atDx]) => {
      for (let j = 0; j < count; j++) {
        const k = atDy! + j * dyStep;
        sums[atDx! + checked(index, k, length) * step]! += dy[k]!;
      }
    });
    for (const [i, sum] of sums.entries()) store(dx, i, sum, operands.flag('accumulate'));
  },
};

function checked(index: Int32Array, position: number, length: number): number {
  const found = index[position]!;
  if (found >= 0 && found < length) return found;
  throw new KernelError('index-out-of-range', `gather: index ${found} at ${position} does not lie in 0..${length - 1}`);
}
