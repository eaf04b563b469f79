import { type ReferenceKernels, store, storeAll } from '../../reference/operands.ts';

export const layerNormReference: ReferenceKernels = {
  'layer_norm.forward': (operands) => {
    const x = operands.floats('x');
    const gain = operands.floatsIfAny('gain');
    const bias = operands.floatsIfAny('bias');
    const y = operands.floats('y');
    const means = operands.floatsIfAny('mean');
    const rstds = operands.floatsIfAny('rstd');
    const rows = operands.scalar('rows');
    const width = operands.scalar('width');
    const eps = operands.scalar('eps');
    for (let r = 0; r < rows; r++) {
      const row = r * width;
      let mean = 0;
      for (let i = 0; i < width; i++) mean += x[row + i]!;
      mean /= width;
      let variance = 0;
      for (let i = 0; i < width; i++) variance += (x[row + i]! - mean) ** 2;
      variance /= width;
      const rstd = 1 / Math.sqrt(variance + eps);
      for (let i = 0; i < width; i++) {
        const normalized = (x[row + i]! - mean) * rstd;
        y[row + i] = normalized * (gain?.[i] ?? 1) + (bias?.[i] ?? 0);
      }
      if (means !== undefined) means[r] = mean;
      if (rstds !== undefined) rstds[r] = rstd;
    }
  },

  'layer_norm.backward': (operands) => {
    const dy = operands.floats('dy');
    const x = operands.floats('x');
    const gain = operands.floatsIfAny('gain');
    const means = operands.floats('mean');
    const rstds = operands.floats('rstd');
    const dx = operands.floatsIfAny('dx');
    const accumulateX = operands.flag('accumulateX');
    const rows = operands.scalar('rows');
    const width = operands.scalar('width');
    const dgain = new Float64Array(width);
    const dbias = new Float64Array(width);
    for (let r = 0; r < rows; r++) {
      const row = r * width;
      const mean = means[r]!;
      const rstd = rstds[r]!;
      let meanG = 0;
      let meanGX = 0;
      for (let i = 0; i < width; i++) {
        const normalized = (x[row + i]! - mean) * rstd;
        const g = dy[row + i]! * (gain?.[i] ?? 1);
        meanG += g / width;
        meanGX += (g * normalized) / width;
        dgain[i]! += dy[row + i]! * normalized;
        dbias[i]! += dy[row + i]!;
      }
      if (dx === undefined) continue;
      for (let i = 0; i < width; i++) {
        const normalized = (x[row + i]! - mean) * rstd;
        const g = dy[row + i]! * (gain?.[i] ?? 1);
        store(dx, row + i, rstd * (g - meanG - normalized * meanGX), accumulateX);
      }
    }
    storeAll(operands.floatsIfAny('dgain'), dgain, operands.flag('accumulateGain'));
    storeAll(operands.floatsIfAny('dbias'), dbias, operands.flag('accumulateBias'));
  },
};
