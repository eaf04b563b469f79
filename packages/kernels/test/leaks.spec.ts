import { expect, test } from 'vitest';
import { adamW, createAdamWState } from '../src/ops/adamw/op.ts';
import { globalNorm } from '../src/ops/global_norm/op.ts';
import { valueAndGrad } from '../src/tape.ts';
import { scope } from '../src/tensor.ts';
import { backends } from './backends.ts';
import { randomTokens, smallDecoder } from './decoder.ts';

test.each(backends)('1,000 training steps hold as much memory as one, on $title', async ({ create }) => {
  const backend = await create();
  const decoder = smallDecoder(backend, 1);
  const state = createAdamWState(decoder.parameters);
  const ids = randomTokens(backend, 2, 1, 4);
  const targets = randomTokens(backend, 3, 1, 4);
  const live: number[] = [];
  let first = 0;
  let last = 0;
  for (let step = 0; step < 1000; step++) {
    const loss = scope(() => {
      const { value, gradients } = valueAndGrad(decoder.parameters, () => decoder.loss(ids, targets));
      const clip = { norm: globalNorm(gradients), maxNorm: 1 };
      adamW(decoder.parameters, gradients, state, { learningRate: 0.003, clip });
      return value;
    });
    if (step % 100 === 0) {
      last = (await loss.readFloats())[0]!;
      if (step === 0) first = last;
    }
    loss.dispose();
    live.push(backend.liveBuffers);
  }
  expect(new Set(live).size, 'live buffers stay the same from step to step').toBe(1);
  expect(last, 'and the decoder learns its one batch').toBeLessThan(first / 4);
  backend.close();
});
