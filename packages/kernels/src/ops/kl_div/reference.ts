import { folded, type ReferenceKernels, store, walk } from '../../reference/operands.ts';

export const klDivReference: ReferenceKernels = {
  'kl_div.forward': (operands) => {
    const input = operands.floats('input');
    const target = operands.floats('target');
    const y = operands.floats('y');
    const logTarget = operands.flag('logTarget');
    const factor = operands.scalar('factor');
    const sums = folded(operands.loop(), 0, (sum, [atInput, atTarget]) => {
      const t = target[atTarget!]!;
      if (logTarget) return sum + Math.exp(t) * (t - input[atInput!]!);
      return sum + t * ((t === 0 ? 0 : Math.log(t)) - input[atInput!]!);
    });
    for (const [i, sum] of sums.entries()) y[i] = factor * sum;
  },

  'kl_div.to_input': (operands) => {
    const dy = operands.floats('dy');
    const target = operands.floats('target');
    const dinput = operands.floats('dinput');
    const logTarget = operands.flag('logTarget');
    const factor = operands.scalar('factor');
    const accumulate = operands.flag('accumulate');
    walk(operands.loop(), ([atDy, atTarget, at]) => {
      const t = target[atTarget!]!;
      store(dinput, at!, -factor * dy[atDy!]! * (logTarget ? Math.exp(t) : t), accumulate);
    });
  },

  'kl_div.to_target': (operands) => {
    const dy = operands.floats('dy');
    const input = operands.floats('input');
    const target = operands.floats('target');
    const dtarget = operands.floats('dtarget');
    const logTarget = operands.flag('logTarget');
    const factor = operands.scalar('factor');
    const accumulate = operands.flag('accumulate');
    walk(operands.loop(), ([atDy, atInput, atTarget, at]) => {
      const t = target[atTarget!]!;
      const logarithm = logTarget ? t : Math.log(t);
      const slope = (logTarget ? Math.exp(t) : 1) * (logarithm + 1 - input[atInput!]!);
      store(dtarget, at!, factor * dy[atDy!]! * slope, accumulate);
    });
  },
};
