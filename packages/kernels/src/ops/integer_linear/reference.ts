import { roundHalfEven } from '../../quantization/round_half_even.ts';
import type { ReferenceKernels } from '../../reference/operands.ts';
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
        let largest = 0;
        for (let i = from; i < to; i++) largest = Math.max(largest, Math.abs(x[r * width + i]!));
        const scale = Math.fround(largest / 127);
        scales[r * groups + group] = scale;
        for (let i = from; i < to; i++) {
          codes[r * width + i] = scale === 0 ? 0 : roundHalfEven(Math.fround(x[r * width + i]! / scale)) & 255;
        }
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
