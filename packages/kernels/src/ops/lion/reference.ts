import type { ReferenceKernels } from '../../reference/operands.ts';
import { clipFactor } from '../global_norm/reference.ts';

export const lionReference: ReferenceKernels = {
  'lion.step': (operands) => {
    const learningRate = operands.scalar('learningRate');
    const beta1 = operands.scalar('beta1');
    const beta2 = operands.scalar('beta2');
    const factor = clipFactor(operands.floatsIfAny('norm'), operands.scalar('maxNorm'));
    for (const member of operands.members()) {
      const p = member.floats('p');
      const g = member.floats('g');
      const m = member.floats('m');
      const count = member.scalar('count');
      const decay = 1 - learningRate * member.scalar('weightDecay');
      for (let i = 0; i < count; i++) {
        const gradient = factor * g[i]!;
        p[i] = p[i]! * decay - learningRate * Math.sign(beta1 * m[i]! + (1 - beta1) * gradient);
        m[i] = beta2 * m[i]! + (1 - beta2) * gradient;
      }
    }
  },
};
