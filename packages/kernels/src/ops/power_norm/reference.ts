import { type ReferenceKernels, store, storeAll } from '../../reference/operands.ts';
import { eachElement, sumsOfChannels } from '../batch_norm/reference.ts';

export const powerNormReference: ReferenceKernels = {
  'power_norm.statistics': (operands) => {
    const x = operands.floats('x');
    const count = operands.scalar('batch') * operands.scalar('inner');
    const meanSquare = sumsOfChannels(operands, (at) => x[at]! ** 2 / count);
    if (count === 0) meanSquare.fill(Number.NaN);
    storeAll(operands.floats('meanSquare'), meanSquare, false);
  },

  'power_norm.forward': (operands) => {
    const x = operands.floats('x');
    const meanSquare = operands.floats('meanSquare');
    const gain = operands.floatsIfAny('gain');
    const bias = operands.floatsIfAny('bias');
    const y = operands.floats('y');
    const eps = operands.scalar('eps');
    eachElement(operands, (at, c) => {
      y[at] = (x[at]! / Math.sqrt(meanSquare[c]! + eps)) * (gain?.[c] ?? 1) + (bias?.[c] ?? 0);
    });
  },

  'power_norm.backward': (operands) => {
    const dy = operands.floats('dy');
    const x = operands.floats('x');
    const meanSquare = operands.floats('meanSquare');
    const gain = operands.floatsIfAny('gain');
    const dx = operands.floatsIfAny('dx');
    const projection = operands.floatsIfAny('projection');
    const eps = operands.scalar('eps');
    const mode = operands.scalar('mode');
    const momentum = operands.scalar('momentum');
    const accumulateX = operands.flag('accumulateX');
    const count = operands.scalar('batch') * operands.scalar('inner');
    const root = (c: number) => Math.sqrt(meanSquare[c]! + eps);
    const xhat = (at: number, c: number) => x[at]! / root(c);
    const products = sumsOfChannels(operands, (at, c) => dy[at]! * xhat(at, c));
    const sums = sumsOfChannels(operands, (at) => dy[at]!);
    const squares = sumsOfChannels(operands, (at, c) => xhat(at, c) ** 2);
    const projected = (c: number) => ((gain?.[c] ?? 1) * products[c]!) / count;
    const pulls = [projected, (c: number) => projection?.[c] ?? Number.NaN, () => 0];
    if (dx !== undefined) {
      eachElement(operands, (at, c) => {
        const g = dy[at]! * (gain?.[c] ?? 1);
        store(dx, at, (g - xhat(at, c) * pulls[mode]!(c)) / root(c), accumulateX);
      });
    }
    if (mode === 1 && projection !== undefined) {
      for (let c = 0; c < operands.scalar('channels'); c++) {
        const kept = projection[c]! * (1 - (momentum * squares[c]!) / count);
        projection[c] = kept + momentum * projected(c);
      }
    }
    storeAll(operands.floatsIfAny('dgain'), products, operands.flag('accumulateGain'));
    storeAll(operands.floatsIfAny('dbias'), sums, operands.flag('accumulateBias'));
  },
};
