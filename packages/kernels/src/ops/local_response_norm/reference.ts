import { type ReferenceKernels, store } from '../../reference/operands.ts';
import { eachElement } from '../batch_norm/reference.ts';

export const localResponseNormReference: ReferenceKernels = {
  'local_response_norm.forward': (operands) => {
    const x = operands.floats('x');
    const y = operands.floats('y');
    const divisors = operands.floatsIfAny('divisor');
    const channels = operands.scalar('channels');
    const inner = operands.scalar('inner');
    const size = operands.scalar('size');
    const alpha = operands.scalar('alpha');
    const beta = operands.scalar('beta');
    const k = operands.scalar('k');
    eachElement(operands, (at, c) => {
      let squares = 0;
      for (let j = c - Math.floor(size / 2); j <= c + Math.floor((size - 1) / 2); j++) {
        if (j >= 0 && j < channels) squares += x[at + (j - c) * inner]! ** 2;
      }
      const divisor = k + (alpha / size) * squares;
      y[at] = x[at]! * divisor ** -beta;
      if (divisors !== undefined) divisors[at] = divisor;
    });
  },

  'local_response_norm.backward': (operands) => {
    const dy = operands.floats('dy');
    const x = operands.floats('x');
    const y = operands.floats('y');
    const divisors = operands.floats('divisor');
    const dx = operands.floats('dx');
    const accumulate = operands.flag('accumulate');
    const channels = operands.scalar('channels');
    const inner = operands.scalar('inner');
    const size = operands.scalar('size');
    const alpha = operands.scalar('alpha');
    const beta = operands.scalar('beta');
    eachElement(operands, (at, c) => {
      let pull = 0;
      for (let j = c - Math.floor((size - 1) / 2); j <= c + Math.floor(size / 2); j++) {
        if (j < 0 || j >= channels) continue;
        const there = at + (j - c) * inner;
        pull += (dy[there]! * y[there]!) / divisors[there]!;
      }
      const direct = dy[at]! * divisors[at]! ** -beta;
      store(dx, at, direct - ((2 * alpha * beta) / size) * x[at]! * pull, accumulate);
    });
  },
};
