import { type ReferenceKernels, store } from '../../reference/operands.ts';

export const hadamardReference: ReferenceKernels = {
  'hadamard.forward': (operands) => {
    const x = operands.floats('x');
    const y = operands.floats('y');
    const size = operands.scalar('size');
    const factor = operands.scalar('factor');
    const accumulate = operands.flag('accumulate');
    const count = operands.scalar('rows') * operands.scalar('width');
    for (let start = 0; start < count; start += size) {
      const block = Float64Array.from(x.subarray(start, start + size));
      for (let apart = 1; apart < size; apart *= 2) {
        for (let i = 0; i < size; i++) {
          if ((i & apart) !== 0) continue;
          const sum = block[i]! + block[i + apart]!;
          block[i + apart] = block[i]! - block[i + apart]!;
          block[i] = sum;
        }
      }
      for (let i = 0; i < size; i++) store(y, start + i, factor * block[i]!, accumulate);
    }
  },
};
