import type { ReferenceKernels } from '../../reference/operands.ts';
import { clipFactor } from '../global_norm/reference.ts';

export const rmspropReference: ReferenceKernels = {
  'rmsprop.step': (operands) => {
    const learningRate = operands.scalar('learningRate');
    const alpha = operands.scalar('alpha');
    const eps = operands.scalar('eps');
    const momentum = operands.scalar('momentum');
    const factor = clipFactor(operands.floatsIfAny('norm'), operands.scalar('maxNorm'));
    for (const member of operands.members()) {
      const p = member.floats('p');
      const g = member.floats('g');
      const v = member.floats('v');
      const mean = member.floatsIfAny('mean');
      const b = member.floatsIfAny('b');
      const count = member.scalar('count');
      const weightDecay = member.scalar('weightDecay');
      for (let i = 0; i < count; i++) {
        const gradient = factor * g[i]! + weightDecay * p[i]!;
        const square = alpha * v[i]! + (1 - alpha) * gradient ** 2;
        v[i] = square;
        let variance = square;
        if (mean !== undefined) {
          const average = alpha * mean[i]! + (1 - alpha) * gradient;
          mean[i] = average;
          variance = Math.max(0, square - average ** 2);
        }
        let direction = gradient / (Math.sqrt(variance) + eps);
        if (b !== undefined) {
          direction = momentum * b[i]! + direction;
          b[i] = direction;
        }
        p[i] = p[i]! - learningRate * direction;
      }
    }
  },
};
