import { type ReferenceKernels, store, storeAll } from '../../reference/operands.ts';

export const linearReference: ReferenceKernels = {
  'linear.forward': (operands) => {
    const x = operands.floats('x');
    const weight = operands.floats('weight');
    const bias = operands.floatsIfAny('bias');
    const residual = operands.floatsIfAny('residual');
    const y = operands.floats('y');
    const rows = operands.scalar('rows');
    const width = operands.scalar('in');
    const out = operands.scalar('out');
    for (let r = 0; r < rows; r++) {
      for (let o = 0; o < out; o++) {
        let sum = 0;
        for (let i = 0; i < width; i++) sum += x[r * width + i]! * weight[o * width + i]!;
        if (bias !== undefined) sum += bias[o]!;
        if (residual !== undefined) sum += residual[r * out + o]!;
        y[r * out + o] = sum;
      }
    }
  },

  'linear.backward': (operands) => {
    const dy = operands.floats('dy');
    const rows = operands.scalar('rows');
    const width = operands.scalar('in');
    const out = operands.scalar('out');
    const dx = operands.floatsIfAny('dx');
    const accumulateX = operands.flag('accumulateX');
    if (dx !== undefined) {
      const weight = operands.floats('weight');
      const sums = new Float64Array(width);
      for (let r = 0; r < rows; r++) {
        sums.fill(0);
        for (let o = 0; o < out; o++) {
          for (let i = 0; i < width; i++) sums[i]! += dy[r * out + o]! * weight[o * width + i]!;
        }
        for (let i = 0; i < width; i++) store(dx, r * width + i, sums[i]!, accumulateX);
      }
    }
    const dweight = operands.floatsIfAny('dweight');
    if (dweight !== undefined) {
      const x = operands.floats('x');
      const sums = new Float64Array(out * width);
      for (let r = 0; r < rows; r++) {
        for (let o = 0; o < out; o++) {
          for (let i = 0; i < width; i++) sums[o * width + i]! += dy[r * out + o]! * x[r * width + i]!;
        }
      }
      storeAll(dweight, sums, operands.flag('accumulateWeight'));
    }
    const dbias = operands.floatsIfAny('dbias');
    if (dbias !== undefined) {
      const sums = new Float64Array(out);
      for (let r = 0; r < rows; r++) for (let o = 0; o < out; o++) sums[o]! += dy[r * out + o]!;
      storeAll(dbias, sums, operands.flag('accumulateBias'));
    }
  },
};
