import type { ReferenceKernels } from '../../reference/operands.ts';
import { clipFactor } from '../global_norm/reference.ts';

export const sgdReference: ReferenceKernels = {
  'sgd.step': (operands) => {
    const learningRate = operands.scalar('learningRate');
    const momentum = operands.scalar('momentum');
    const dampening = operands.scalar('dampening');
    const nesterov = operands.flag('nesterov');
    const firstStep = operands.flag('firstStep');
    const factor = clipFactor(operands.floatsIfAny('norm'), operands.scalar('maxNorm'));
    for (const member of operands.members()) {
      const p = member.floats('p');
      const g = member.floats('g');
      const b = member.floatsIfAny('b');
      const count = member.scalar('count');
      const weightDecay = member.scalar('weightDecay');
      for (let i = 0; i < count; i++) {
        const gradient = factor * g[i]! + weightDecay * p[i]!;
        let direction = gradient;
        if (b !== undefined) {
          const velocity = firstStep ? gradient : momentum * b[i]! + (1 - dampening) * gradient;
          b[i] = velocity;
          direction = nesterov ? gradient + momentum * velocity : velocity;
        }
        p[i] = p[i]! - learningRate * direction;
      }
    }
  },
};
