import { roundHalfEven } from '../../quantization/round_half_even.ts';
import type { Operands, ReferenceKernels } from '../../reference/operands.ts';

function tableOf(operands: Operands) {
  const [width, bits] = [operands.scalar('width'), operands.scalar('bits')];
  const rowBytes = 4 * Math.ceil((width * bits) / 32);
  return { length: operands.scalar('length'), capacity: operands.scalar('capacity'), width, bits, rowBytes };
}

export const packedRowsReference: ReferenceKernels = {
  'packed_rows.write': (operands) => {
    const x = operands.floats('x');
    const codes = operands.bytes('codes');
    const scales = operands.floats('scales');
    const { length, capacity, width, bits, rowBytes } = tableOf(operands);
    for (let part = 0; part < operands.scalar('outer'); part++) {
      for (let at = 0; at < length; at++) {
        const from = (part * length + at) * width;
        const row = part * capacity + operands.scalar('start') + at;
        let largest = 0;
        for (let i = 0; i < width; i++) largest = Math.max(largest, Math.abs(x[from + i]!));
        const scale = Math.fround(largest / (2 ** (bits - 1) - 1));
        scales[row] = scale;
        codes.fill(0, row * rowBytes, (row + 1) * rowBytes);
        for (let i = 0; i < width; i++) {
          const code = scale === 0 ? 0 : roundHalfEven(Math.fround(x[from + i]! / scale));
          codes[row * rowBytes + Math.floor((i * bits) / 8)]! |= (code & (2 ** bits - 1)) << ((i * bits) % 8);
        }
      }
    }
  },

  'packed_rows.read': (operands) => {
    const codes = operands.bytes('codes');
    const scales = operands.floats('scales');
    const y = operands.floats('y');
    const { length, capacity, width, bits, rowBytes } = tableOf(operands);
    for (let part = 0; part < operands.scalar('outer'); part++) {
      for (let at = 0; at < length; at++) {
        const row = part * capacity + at;
        for (let i = 0; i < width; i++) {
          const byte = codes[row * rowBytes + Math.floor((i * bits) / 8)]!;
          const code = ((byte >> ((i * bits) % 8)) << (32 - bits)) >> (32 - bits);
          y[(part * length + at) * width + i] = scales[row]! * code;
        }
      }
    }
  },

  'packed_rows.copy': (operands) => {
    const [capacity, rowBytes] = [operands.scalar('capacity'), operands.scalar('rowBytes')];
    const [from, to] = [operands.scalar('from') * capacity, operands.scalar('to') * capacity];
    const [codes, codesTo] = [operands.bytes('codes'), operands.bytes('codesTo')];
    const [scales, scalesTo] = [operands.floats('scales'), operands.floats('scalesTo')];
    codesTo.set(codes.subarray(from * rowBytes, (from + capacity) * rowBytes), to * rowBytes);
    for (let row = 0; row < capacity; row++) scalesTo[to + row] = scales[from + row]!;
  },
};
