import { type ReferenceKernels, store, storeAll } from '../../reference/operands.ts';

export const rmsNormReference: ReferenceKernels = {
  'rms_norm.forward': (operands) => {
    const x = operands.floats('x');
    const gain = operands.floatsIfAny('gain');
    const y = operands.floats('y');
    const rstds = operands.floatsIfAny('rstd');
    const rows = operands.scalar('rows');
    const width = operands.scalar('width');
    const eps = operands.scalar('eps');
    const gainOffset = operands.scalar('gainOffset');
    for (let r = 0; r < rows; r++) {
      const row = r * width;
      let squares = 0;
      for (let i = 0; i < width; i++) squares += x[row + i]! ** 2;
      const rstd = 1 / Math.sqrt(squares / width + eps);
      for (let i = 0; i < width; i++) {
        const factor = gain === undefined ? 1 : gain[i]! + gainOffset;
        y[row + i] = x[row + i]! * rstd * factor;
      }
      if (rstds !== undefined) rstds[r] = rstd;
    }
  },

  'rms_norm.backward': (operands) => {
    const dy = operands.floats('dy');
    const x = operands.floats('x');
    const gain = operands.floatsIfAny('gain');
    const rstds = operands.floats('rstd');
    const dx = operands.floatsIfAny('dx');
    const accumulateX = operands.flag('accumulateX');
    const rows = operands.scalar('rows');
    const width = operands.scalar('width');
    const gainOffset = operands.scalar('gainOffset');
    const dgain = new Float64Array(width);
    for (let r = 0; r < rows; r++) {
      const row = r * width;
      const rstd = rstds[r]!;
      let meanGX = 0;
      for (let i = 0; i < width; i++) {
        const g = dy[row + i]! * (gain === undefined ? 1 : gain[i]! + gainOffset);
        meanGX += (g * x[row + i]!) / width;
        dgain[i]! += dy[row + i]! * x[row + i]! * rstd;
      }
      if (dx === undefined) continue;
      for (let i = 0; i < width; i++) {
        const g = dy[row + i]! * (gain === undefined ? 1 : gain[i]! + gainOffset);
        store(dx, row + i, rstd * (g - x[row + i]! * rstd * rstd * meanGX), accumulateX);
      }
    }
    storeAll(operands.floatsIfAny('dgain'), dgain, operands.flag('accumulateGain'));
  },
};
