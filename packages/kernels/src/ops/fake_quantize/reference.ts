import { roundHalfEven } from '../../quantization/round_half_even.ts';
import { type Operands, type ReferenceKernels, store } from '../../reference/operands.ts';

export const fakeQuantizeReference: ReferenceKernels = {
  'fake_quantize.forward': (operands) => {
    const y = operands.floats('y');
    const { runs, width, quantized } = gridOf(operands);
    for (let run = 0; run < runs; run++) {
      for (let i = run * width; i < (run + 1) * width; i++) {
        const { code, zero, step } = quantized(i, run);
        y[i] = (code - zero) * step;
      }
    }
  },

  'fake_quantize.backward': (operands) => {
    const dy = operands.floats('dy');
    const x = operands.floats('x');
    const dx = operands.floatsIfAny('dx');
    const dscale = operands.floatsIfAny('dscale');
    const dzero = operands.floatsIfAny('dzero');
    const factor = operands.scalar('factor');
    const { runs, width, quantized } = gridOf(operands);
    for (let run = 0; run < runs; run++) {
      let ofScale = 0;
      let ofZero = 0;
      for (let i = run * width; i < (run + 1) * width; i++) {
        const { code, zero, step, outside } = quantized(i, run);
        ofScale += dy[i]! * (outside ? code - zero : code - zero - x[i]! / step);
        if (outside) ofZero -= dy[i]! * step;
        if (dx !== undefined) store(dx, i, outside ? 0 : dy[i]!, operands.flag('accumulateX'));
      }
      if (dscale !== undefined) store(dscale, run, factor * ofScale, operands.flag('accumulateScale'));
      if (dzero !== undefined) store(dzero, run, factor * ofZero, operands.flag('accumulateZero'));
    }
  },
};

function gridOf(operands: Operands) {
  const x = operands.floats('x');
  const scale = operands.floats('scale');
  const zeros = operands.floatsIfAny('zero');
  const lowest = operands.scalar('lowest');
  const highest = operands.scalar('highest');
  const quantized = (i: number, run: number) => {
    const step = scale[run]!;
    const zero = zeros === undefined ? 0 : roundHalfEven(zeros[run]!);
    const rounded = roundHalfEven(Math.fround(x[i]! / step)) + zero;
    const outside = rounded < lowest || rounded > highest;
    const code = outside ? Math.min(Math.max(rounded, lowest), highest) : rounded;
    return { step, zero, code, outside };
  };
  return { runs: operands.scalar('runs'), width: operands.scalar('width'), quantized };
}
