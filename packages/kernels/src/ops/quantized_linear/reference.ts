import { type Operands, type ReferenceKernels, store } from '../../reference/operands.ts';
import { scaleFormats, scaleOfByte } from './formats.ts';
import { bytesOfRow, bytesOfTritRow, codeAt, tritAt } from './packing.ts';

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

/** scale (value - zero) for the columns of one row. */
export function weightRow(operands: Operands, row: number): Float64Array {
  const { codeOf, scaleOf } = packedOf(operands);
  const values = operands.floatsIfAny('values');
  const weight = new Float64Array(operands.scalar('in'));
  for (let i = 0; i < weight.length; i++) {
    const { scale, zero } = scaleOf(row, i);
    const code = codeOf(row, i);
    weight[i] = scale * ((values === undefined ? code : values[code]!) - zero);
  }
  return weight;
}

/** The codes of a packed weight, and the scale and zero point of each. */
export function packedOf(operands: Operands) {
  const codes = operands.bytes('codes');
  const zeroPoints = operands.floatsIfAny('zeroPoints');
  const bits = operands.scalar('bits');
  const width = operands.scalar('in');
  const trits = operands.flag('trits');
  const groupSize = operands.scalar('groupSize');
  const rowStride = operands.scalar('scaleRowStride');
  const groupStride = operands.scalar('scaleGroupStride');
  const onlyZero = operands.scalar('zeroPoint');
  const format = scaleFormats[operands.scalar('scaleFormat')]!;
  const factor = operands.scalar('scaleFactor');
  const storedScale = (at: number) =>
    format === 'f32' ? operands.floats('scales')[at]! : scaleOfByte(format, operands.bytes('scales')[at]!);
  return {
    codeOf: (row: number, column: number): number =>
      trits
        ? tritAt(codes, row * bytesOfTritRow(width), column)
        : codeAt(codes, row * bytesOfRow(width, bits), column, bits),
    scaleOf: (row: number, column: number): { scale: number; zero: number } => {
      const at = row * rowStride + Math.floor(column / groupSize) * groupStride;
      return { scale: factor * storedScale(at), zero: zeroPoints === undefined ? onlyZero : zeroPoints[at]! };
    },
  };
}
