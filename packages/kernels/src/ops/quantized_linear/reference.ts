import { type Operands, type ReferenceKernels, store } from '../../reference/operands.ts';
import { bytesOfRow, codeAt } from './packing.ts';

export const quantizedLinearReference: ReferenceKernels = {
  'quantized_linear.forward': (operands) => {
    const x = operands.floats('x');
    const bias = operands.floatsIfAny('bias');
    const y = operands.floats('y');
    const rows = operands.scalar('rows');
    const width = operands.scalar('in');
    const out = operands.scalar('out');
    for (let o = 0; o < out; o++) {
      const weight = weightRow(operands, o);
      for (let r = 0; r < rows; r++) {
        let sum = 0;
        for (let i = 0; i < width; i++) sum += x[r * width + i]! * weight[i]!;
        y[r * out + o] = sum + (bias?.[o] ?? 0);
      }
    }
  },

  'quantized_linear.backward': (operands) => {
    const dy = operands.floats('dy');
    const dx = operands.floats('dx');
    const rows = operands.scalar('rows');
    const width = operands.scalar('in');
    const out = operands.scalar('out');
    const accumulate = operands.flag('accumulate');
    const sums = new Float64Array(rows * width);
    for (let o = 0; o < out; o++) {
      const weight = weightRow(operands, o);
      for (let r = 0; r < rows; r++) {
        for (let i = 0; i < width; i++) sums[r * width + i]! += dy[r * out + o]! * weight[i]!;
      }
    }
    for (let i = 0; i < sums.length; i++) store(dx, i, sums[i]!, accumulate);
  },
};

/** scale (code - zero) for the columns of one row. */
function weightRow(operands: Operands, row: number): Float64Array {
  const codes = operands.bytes('codes');
  const scales = operands.floats('scales');
  const zeroPoints = operands.floatsIfAny('zeroPoints');
  const bits = operands.scalar('bits');
  const width = operands.scalar('in');
  const groupSize = operands.scalar('groupSize');
  const rowStart = row * bytesOfRow(width, bits);
  const rowStride = operands.scalar('scaleRowStride');
  const groupStride = operands.scalar('scaleGroupStride');
  const symmetricZero = operands.scalar('zeroPoint');
  const weight = new Float64Array(width);
  for (let i = 0; i < width; i++) {
    const group = row * rowStride + Math.floor(i / groupSize) * groupStride;
    const zero = zeroPoints === undefined ? symmetricZero : zeroPoints[group]!;
    weight[i] = scales[group]! * (codeAt(codes, rowStart, i, bits) - zero);
  }
  return weight;
}
