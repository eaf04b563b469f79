import type { ReferenceKernels } from '../../reference/operands.ts';
import { clipFactor } from '../global_norm/reference.ts';

export const adamReference: ReferenceKernels = {
  'adam.step': (operands) => {
    const learningRate = operands.scalar('learningRate');
    const beta1 = operands.scalar('beta1');
    const beta2 = operands.scalar('beta2');
    const eps = operands.scalar('eps');
    const correction1 = operands.scalar('correction1');
    const correction2 = operands.scalar('correction2');
    const decoupled = operands.flag('decoupled');
    const factor = clipFactor(operands.floatsIfAny('norm'), operands.scalar('maxNorm'));
    for (const member of operands.members()) {
      const p = member.floats('p');
      const g = member.floats('g');
      const m = member.floats('m');
      const v = member.floats('v');
      const largest = member.floatsIfAny('largest');
      const count = member.scalar('count');
      const weightDecay = member.scalar('weightDecay');
      for (let i = 0; i < count; i++) {
        const gradient = decoupled ? factor * g[i]! : factor * g[i]! + weightDecay * p[i]!;
        const before = decoupled ? p[i]! * (1 - learningRate * weightDecay) : p[i]!;
        const first = beta1 * m[i]! + (1 - beta1) * gradient;
        const second = beta2 * v[i]! + (1 - beta2) * gradient ** 2;
        const scale = largest === undefined ? second : Math.max(largest[i]!, second);
        p[i] = before - learningRate * (first / correction1 / (Math.sqrt(scale / correction2) + eps));
        m[i] = first;
        v[i] = second;
        if (largest !== undefined) largest[i] = scale;
      }
    }
  },
};
