import { philox4x32 } from '../../random/philox.ts';
import { type ReferenceKernels, store } from '../../reference/operands.ts';

export const dropoutReference: ReferenceKernels = {
  'dropout.forward': (operands) => {
    const x = operands.floats('x');
    const y = operands.floats('y');
    const draws = operands.scalar('draws');
    const width = operands.scalar('width');
    const threshold = operands.scalar('threshold');
    const factor = operands.scalar('factor');
    const accumulate = operands.flag('accumulate');
    const key = [operands.scalar('seedLow'), operands.scalar('seedHigh')] as const;
    const stream = [operands.scalar('streamLow'), operands.scalar('streamHigh')] as const;
    const start = operands.scalar('blockLow') + operands.scalar('blockHigh') * 2 ** 32;
    const skip = operands.scalar('skip');
    let words: readonly number[] = [];
    for (let d = 0; d < draws; d++) {
      const place = skip + d;
      if (words.length === 0 || place % 4 === 0) {
        const block = start + Math.floor(place / 4);
        words = philox4x32([block % 2 ** 32, Math.floor(block / 2 ** 32), ...stream], key);
      }
      const kept = words[place % 4]! >>> 8 >= threshold;
      for (let i = d * width; i < (d + 1) * width; i++) store(y, i, kept ? factor * x[i]! : 0, accumulate);
    }
  },
};
