import type { ReferenceKernels } from '../../reference/operands.ts';
import { clipFactor } from '../global_norm/reference.ts';

export const adamWReference: ReferenceKernels = {
  'adamw.step': (operands) => {
    const learningRate = operands.scalar('learningRate');
    const beta1 = operands.scalar('beta1');
    const beta2 = operands.scalar('beta2');
    const eps = operands.scalar('eps');
    const correction1 = operands.scalar('correction1');
    const correction2 = operands.scalar('correction2');
    const factor = clipFactor(operands.floatsIfAny('norm'), operands.scalar('maxNorm'));
    for (const member of operands.members()) {
      const p = member.floats('p');
      const g = member.floats('g');
      const m = member.floats('m');
      const v = member.floats('v');
      const count = member.scalar('count');
      const decay = 1 - learningRate * member.scalar('weightDecay');
      for (let i = 0; i < count; i++) {
        const gradient = factor * g[i]!;
        const first = beta1 * m[i]! + (1 - beta1) * gradient;
        const second = beta2 * v[i]! + (1 - beta2) * gradient ** 2;
        const update = first / correction1 / (Math.sqrt(second / correction2) + eps);
        p[i] = p[i]! * decay - learningRate * update;
        m[i] = first;
        v[i] = second;
      }
    }
  },
};
