import { type ReferenceKernels, store } from '../../reference/operands.ts';

export const rotaryReference: ReferenceKernels = {
  'rotary.forward': (operands) => {
    const x = operands.floats('x');
    const positions = operands.integersIfAny('positions');
    const y = operands.floats('y');
    const batch = operands.scalar('batch');
    const time = operands.scalar('time');
    const heads = operands.scalar('heads');
    const dim = operands.scalar('dim');
    const pairs = operands.scalar('rotaryDim') / 2;
    const offset = operands.scalar('offset');
    const sign = operands.scalar('sign');
    const accumulate = operands.flag('accumulate');
    const frequencies = operands.rest();
    const [pairStep, partnerStep] = operands.flag('interleaved') ? [2, 1] : [1, pairs];
    for (let b = 0; b < batch; b++) {
      for (let t = 0; t < time; t++) {
        const position = positions === undefined ? offset + t : positions[t]!;
        for (let h = 0; h < heads; h++) {
          const head = ((b * time + t) * heads + h) * dim;
          for (let i = 0; i < pairs; i++) {
            const angle = position * frequencies[i]!;
            const cos = Math.cos(angle);
            const sin = sign * Math.sin(angle);
            const first = head + i * pairStep;
            const second = first + partnerStep;
            const u = x[first]!;
            const v = x[second]!;
            store(y, first, u * cos - v * sin, accumulate);
            store(y, second, u * sin + v * cos, accumulate);
          }
          for (let i = 2 * pairs; i < dim; i++) store(y, head + i, x[head + i]!, accumulate);
        }
      }
    }
  },
};
