import type { ReferenceKernels } from '../../reference/operands.ts';

export const activationSparseLinearReference: ReferenceKernels = {
  'activation_sparse_linear.forward': (operands) => {
    const x = operands.floats('x');
    const columns = operands.floats('columns');
    const bias = operands.floatsIfAny('bias');
    const y = operands.floats('y');
    const width = operands.scalar('in');
    const out = operands.scalar('out');
    const threshold = Math.fround(operands.scalar('threshold'));
    for (let r = 0; r < operands.scalar('rows'); r++) {
      for (let o = 0; o < out; o++) {
        let sum = 0;
        for (let i = 0; i < width; i++) {
          const value = x[r * width + i]!;
          if (!(Math.abs(value) <= threshold)) sum += value * columns[i * out + o]!;
        }
        y[r * out + o] = sum + (bias?.[o] ?? 0);
      }
    }
  },
};
