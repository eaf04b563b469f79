import { type ReferenceKernels, storeAll } from '../../reference/operands.ts';
import { eachWindow } from '../pools_reference.ts';

export const maxPool2dReference: ReferenceKernels = {
  'max_pool2d.forward': (operands) => {
    const x = operands.floats('x');
    const y = operands.floats('y');
    const place = operands.integersIfAny('place');
    const pixels = operands.scalar('height') * operands.scalar('width');
    eachWindow(operands, ({ output, inputs }) => {
      let best = Number.NEGATIVE_INFINITY;
      let at = inputs[0]!;
      for (const input of inputs) {
        const value = x[input]!;
        if (value > best || Number.isNaN(value)) [best, at] = [value, input];
      }
      y[output] = best;
      if (place !== undefined) place[output] = at % pixels;
    });
  },

  'max_pool2d.backward': (operands) => {
    const dy = operands.floats('dy');
    const place = operands.integers('place');
    const pixels = operands.scalar('height') * operands.scalar('width');
    const sums = new Float64Array(operands.scalar('planes') * pixels);
    const outputs = operands.scalar('outHeight') * operands.scalar('outWidth');
    eachWindow(operands, ({ output }) => {
      sums[Math.floor(output / outputs) * pixels + place[output]!]! += dy[output]!;
    });
    storeAll(operands.floats('dx'), sums, operands.flag('accumulateX'));
  },
};
