import { type ReferenceKernels, store, storeAll } from '../../reference/operands.ts';

export const pNormalizeReference: ReferenceKernels = {
  'p_normalize.forward': (operands) => {
    const x = operands.floats('x');
    const gain = operands.floatsIfAny('gain')?.[0] ?? 1;
    const y = operands.floats('y');
    const norms = operands.floatsIfAny('norm');
    const rows = operands.scalar('rows');
    const width = operands.scalar('width');
    const p = operands.scalar('p');
    const eps = operands.scalar('eps');
    for (let r = 0; r < rows; r++) {
      const row = x.subarray(r * width, (r + 1) * width);
      let largest = 0;
      for (const value of row) if (Math.abs(value) > largest) largest = Math.abs(value);
      const unit = largest > 0 ? largest : 1;
      let sum = 0;
      for (const value of row) sum += (Math.abs(value) / unit) ** p;
      const norm = unit * sum ** (1 / p);
      for (let i = 0; i < width; i++) y[r * width + i] = (gain * row[i]!) / divisor(norm, eps);
      if (norms !== undefined) norms[r] = norm;
    }
  },

  'p_normalize.backward': (operands) => {
    const dy = operands.floats('dy');
    const x = operands.floats('x');
    const gain = operands.floatsIfAny('gain')?.[0] ?? 1;
    const norms = operands.floats('norm');
    const dx = operands.floatsIfAny('dx');
    const accumulateX = operands.flag('accumulateX');
    const rows = operands.scalar('rows');
    const width = operands.scalar('width');
    const p = operands.scalar('p');
    const eps = operands.scalar('eps');
    const dgain = new Float64Array(1);
    for (let r = 0; r < rows; r++) {
      const row = r * width;
      const norm = norms[r]!;
      const d = divisor(norm, eps);
      let product = 0;
      for (let i = 0; i < width; i++) product += dy[row + i]! * x[row + i]!;
      dgain[0]! += product / d;
      if (dx === undefined) continue;
      for (let i = 0; i < width; i++) {
        const value = x[row + i]!;
        const slope = norm < eps || value === 0 ? 0 : Math.sign(value) * (Math.abs(value) / norm) ** (p - 1);
        store(dx, row + i, (gain / d) * (dy[row + i]! - (slope * product) / d), accumulateX);
      }
    }
    storeAll(operands.floatsIfAny('dgain'), dgain, operands.flag('accumulateGain'));
  },
};

/** The larger of the two; NaN where the norm is. */
function divisor(norm: number, eps: number): number {
  return Math.max(norm, eps);
}
