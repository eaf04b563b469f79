import { type ReferenceKernels, store, sumInto, walk } from '../../reference/operands.ts';

export const logsumexpReference: ReferenceKernels = {
  'logsumexp.sum': (operands) => {
    const x = operands.floats('x');
    const top = operands.floats('top');
    sumInto(operands.loop(), operands.floats('sum'), false, ([atX, atTop]) => Math.exp(x[atX!]! - top[atTop!]!));
  },

  'logsumexp.forward': (operands) => {
    const top = operands.floats('top');
    const sum = operands.floats('sum');
    const y = operands.floats('y');
    const count = operands.scalar('count');
    for (let i = 0; i < count; i++) y[i] = Number.isFinite(top[i]) ? top[i]! + Math.log(sum[i]!) : top[i]!;
  },

  'logsumexp.backward': (operands) => {
    const dy = operands.floats('dy');
    const x = operands.floats('x');
    const top = operands.floats('top');
    const sum = operands.floats('sum');
    const dx = operands.floats('dx');
    const accumulate = operands.flag('accumulate');
    walk(operands.loop(), ([atDy, atX, atTop, atSum, atDx]) => {
      store(dx, atDx!, (dy[atDy!]! * Math.exp(x[atX!]! - top[atTop!]!)) / sum[atSum!]!, accumulate);
    });
  },
};
