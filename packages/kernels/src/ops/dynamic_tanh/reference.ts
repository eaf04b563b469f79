import { type ReferenceKernels, store, storeAll } from '../../reference/operands.ts';

export const dynamicTanhReference: ReferenceKernels = {
  'dynamic_tanh.forward': (operands) => {
    const x = operands.floats('x');
    const alpha = operands.floats('alpha')[0]!;
    const gain = operands.floatsIfAny('gain');
    const bias = operands.floatsIfAny('bias');
    const y = operands.floats('y');
    const rows = operands.scalar('rows');
    const width = operands.scalar('width');
    for (let r = 0; r < rows; r++) {
      for (let i = 0; i < width; i++) {
        const t = Math.tanh(alpha * x[r * width + i]!);
        y[r * width + i] = t * (gain?.[i] ?? 1) + (bias?.[i] ?? 0);
      }
    }
  },

  'dynamic_tanh.backward': (operands) => {
    const dy = operands.floats('dy');
    const x = operands.floats('x');
    const alpha = operands.floats('alpha')[0]!;
    const gain = operands.floatsIfAny('gain');
    const dx = operands.floatsIfAny('dx');
    const accumulateX = operands.flag('accumulateX');
    const rows = operands.scalar('rows');
    const width = operands.scalar('width');
    const dalpha = new Float64Array(1);
    const dgain = new Float64Array(width);
    const dbias = new Float64Array(width);
    for (let r = 0; r < rows; r++) {
      for (let i = 0; i < width; i++) {
        const at = r * width + i;
        const t = Math.tanh(alpha * x[at]!);
        const g = dy[at]! * (gain?.[i] ?? 1) * (1 - t * t);
        if (dx !== undefined) store(dx, at, alpha * g, accumulateX);
        dalpha[0]! += g * x[at]!;
        dgain[i]! += dy[at]! * t;
        dbias[i]! += dy[at]!;
      }
    }
    storeAll(operands.floatsIfAny('dalpha'), dalpha, operands.flag('accumulateAlpha'));
    storeAll(operands.floatsIfAny('dgain'), dgain, operands.flag('accumulateGain'));
    storeAll(operands.floatsIfAny('dbias'), dbias, operands.flag('accumulateBias'));
  },
};
