import type { ReferenceKernels } from '../../reference/operands.ts';
import { comesBefore } from '../argmax/reference.ts';

export const topKReference: ReferenceKernels = {
  'top_k.forward': (operands) => {
    const x = operands.floats('x');
    const values = operands.floats('values');
    const indices = operands.integers('indices');
    const outer = operands.scalar('outer');
    const width = operands.scalar('width');
    const inner = operands.scalar('inner');
    const k = operands.scalar('k');
    const sign = operands.flag('largest') ? 1 : -1;
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const valueAt = (index: number) => x[(o * width + index) * inner + i]!;
        const before = (a: number, b: number) => comesBefore(sign * valueAt(a), sign * valueAt(b));
        // sorting is stable: equal elements stay in the order of their indices
        const order = Array.from({ length: width }, (_, index) => index).sort(
          (a, b) => Number(before(b, a)) - Number(before(a, b)),
        );
        for (let rank = 0; rank < k; rank++) {
          const at = (o * k + rank) * inner + i;
          values[at] = valueAt(order[rank]!);
          indices[at] = order[rank]!;
        }
      }
    }
  },
};
