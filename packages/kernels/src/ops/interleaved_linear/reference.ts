import { float16 } from '../../formats/small_floats.ts';
import type { ReferenceKernels } from '../../reference/operands.ts';
import { roundGroup } from '../integer_linear/reference.ts';

export const interleavedLinearReference: ReferenceKernels = {
  'interleaved_linear.forward': (operands) => {
    const x = operands.floats('x');
    const weight = operands.bytes('weight');
    const bias = operands.floatsIfAny('bias');
    const y = operands.floats('y');
    const [width, out] = [operands.scalar('in'), operands.scalar('out')];
    const [bits, groupSize] = [operands.scalar('bits'), operands.scalar('groupSize')];
    const half = operands.flag('halfScales');
    const zeroPoint = operands.scalar('zeroPoint');
    const groups = width / groupSize;
    const scaleBytes = half ? 32 : 64;
    const view = new DataView(weight.buffer, weight.byteOffset, weight.byteLength);
    const codes = new Int8Array(groupSize);
    for (let r = 0; r < operands.scalar('rows'); r++) {
      for (let o = 0; o < out; o++) {
        const lane = o % 16;
        let total = 0;
        for (let group = 0; group < groups; group++) {
          const from = r * width + group * groupSize;
          const xScale = roundGroup(x, from, groupSize, codes);
          const block = (Math.floor(o / 16) * groups + group) * (scaleBytes + 2 * groupSize * bits);
          let sum = 0;
          for (let i = 0; i < groupSize; i++) {
            const bit = i * bits;
            const byte =
              weight[block + scaleBytes + 64 * Math.floor(bit / 32) + 4 * lane + Math.floor((bit % 32) / 8)]!;
            sum += codes[i]! * (((byte >> (bit % 8)) & (2 ** bits - 1)) - zeroPoint);
          }
          const scale = half
            ? float16(view.getUint16(block + 2 * lane, true))
            : view.getFloat32(block + 4 * lane, true);
          total += scale * xScale * sum;
        }
        y[r * out + o] = total + (bias?.[o] ?? 0);
      }
    }
  },
};
