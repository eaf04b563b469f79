import type { ReferenceKernels } from '../../reference/operands.ts';
import { clipFactor } from '../global_norm/reference.ts';

export const adagradReference: ReferenceKernels = {
  'adagrad.step': (operands) => {
    const learningRate = operands.scalar('learningRate');
    const eps = operands.scalar('eps');
    const factor = clipFactor(operands.floatsIfAny('norm'), operands.scalar('maxNorm'));
    for (const member of operands.members()) {
      const p = member.floats('p');
      const g = member.floats('g');
      const s = member.floats('s');
      const count = member.scalar('count');
      const weightDecay = member.scalar('weightDecay');
      for (let i = 0; i < count; i++) {
        const gradient = factor * g[i]! + weightDecay * p[i]!;
        const sum = s[i]! + gradient ** 2;
        p[i] = p[i]! - (learningRate * gradient) / (Math.sqrt(sum) + eps);
        s[i] = sum;
      }
    }
  },
};
