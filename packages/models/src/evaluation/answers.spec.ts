import { createReferenceBackend } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { expect, test } from 'vitest';
import { tokenStream } from '../data/token-stream.ts';
import { decoderConfig } from '../decoder/architectures.ts';
import { Decoder } from '../decoder/decoder.ts';
import { generateGreedy } from '../decoding/generate.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { train } from '../training/train.ts';
import { answerExactly } from './answers.ts';

const tokenizer = byteTokenizer();
const config = decoderConfig(
  { style: 'llama', layers: 2, hiddenSize: 32, heads: 2, feedForwardSize: 64, contextLength: 16 },
  tokenizer.vocabularySize,
);
const letters = [...'abcdefgh'];
const documents = letters.flatMap((a) => letters.map((b) => `${a}${b}=${b}${a}`));

test('counts the answers that a greedy writer would write and end', async () => {
  const backend = createNativeBackend({ threads: 1 });
  {
    using decoder = Decoder.initialise(backend, config, 1);
    const recipe = { tokens: 110 * 64, batchSize: 4, learningRate: 0.01, warmup: 0.1, weightDecay: 0, gradientClip: 1 };
    await train(decoder, tokenStream(documents, tokenizer), recipe, { seed: 1, pointEvery: 1000 });
    const { accuracy, accuracyError, correct, questions } = await answerExactly(decoder, tokenizer, documents);

    const written: boolean[] = [];
    for (const document of documents) {
      const prompt = Int32Array.from([tokenizer.beginToken, ...tokenizer.encode(document.slice(0, 3))]);
      const answer = await generateGreedy(decoder, prompt, 3);
      const wanted = [...tokenizer.encode(document.slice(3)), tokenizer.beginToken];
      written.push(wanted.every((token, at) => answer[at] === token));
    }
    expect(correct).toEqual(written);
    expect(questions).toBe(64);
    expect(accuracy).toBe(written.filter(Boolean).length / 64);
    // Neither nothing nor everything, or the comparison says little.
    expect(accuracy).toBeGreaterThan(0.05);
    expect(accuracy).toBeLessThan(0.95);
    expect(accuracyError).toBeCloseTo(Math.sqrt((accuracy * (1 - accuracy)) / 63), 12);
    expect((await answerExactly(decoder, tokenizer, documents, { batchSize: 3 })).correct).toEqual(correct);
  }
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});

test('refuses documents without an answer, and those that do not fit', async () => {
  using decoder = Decoder.initialise(createReferenceBackend(), config, 1);
  const refusal = (document: string) =>
    expect(answerExactly(decoder, tokenizer, [document])).rejects.toMatchObject({ code: 'invalid-question' });
  for (const document of ['a story', 'ab=', `${'a'.repeat(14)}=a`]) await refusal(document);
  await expect(answerExactly(decoder, tokenizer, [])).rejects.toThrow('no questions');
  expect((await answerExactly(decoder, tokenizer, [`${'a'.repeat(13)}=a`])).questions).toBe(1);
});
