import { roundHalfEven } from '../../quantization/round_half_even.ts';
import type { FloatArray, ReferenceKernels } from '../../reference/operands.ts';
import { packedOf } from '../quantized_linear/reference.ts';

export const integerLinearReference: ReferenceKernels = {
  'integer_linear.quantize': (operands) => {
    const x = operands.floats('x');
    const codes = operands.bytes('codes');
    const scales = operands.floats('scales');
    const width = operands.scalar('width');
    const groupSize = operands.scalar('groupSize');
    const groups = Math.max(1, Math.ceil(width / groupSize));
    for (let r = 0; r < operands.scalar('rows'); r++) {
      for (let group = 0; group < groups; group++) {
        const [from, to] = [group * groupSize, Math.min((group + 1) * groupSize, width)];
        const own = codes.subarray(r * width + from, r * width + to);
        scales[r * groups + group] = roundGroup(x, r * width + from, to - from, own);
      }
    }
  },

  'integer_linear.forward': (operands) => {
    const x = operands.bytes('x');
    const xScales = operands.floats('xScales');
    const bias = operands.floatsIfAny('bias');
    const y = operands.floats('y');
    const rows = operands.scalar('rows');
    const width = operands.scalar('in');
    const out = operands.scalar('out');
    const groupSize = operands.scalar('groupSize');
    const grouped = operands.scalar('xGroups') === 1;
    const groups = Math.max(1, Math.ceil(width / groupSize));
    const { codeOf, scaleOf } = packedOf(operands);
    for (let o = 0; o < out; o++) {
      for (let r = 0; r < rows; r++) {
        let total = 0;
        for (let from = 0; from < width; from += groupSize) {
          const { scale, zero } = scaleOf(o, from);
          let sum = 0;
          for (let i = from; i < Math.min(from + groupSize, width); i++) {
            sum += ((x[r * width + i]! << 24) >> 24) * (codeOf(o, i) - zero);
          }
          total += (grouped ? scale * xScales[r * groups + Math.floor(from / groupSize)]! : scale) * sum;
        }
        y[r * out + o] = (grouped ? total : xScales[r]! * total) + (bias?.[o] ?? 0);
      }
    }
  },
};

/** Writes int8 codes of x[from .. from + length) and gives their scale, in float32 arithmetic. */
export function roundGroup(x: FloatArray, from: number, length: number, codes: Int8Array | Uint8Array): number {
  let largest = 0;
  for (let i = from; i < from + length; i++) largest = Math.max(largest, Math.abs(x[i]!));
  const scale = Math.fround(largest / 127);
  for (let i = 0; i < length; i++) codes[i] = scale === 0 ? 0 : roundHalfEven(Math.fround(x[from + i]! / scale)) & 255;
  return scale;
}
