import { type Backend, scope, Tensor } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { argmax } from '../argmax.ts';
import { decoderConfig } from '../decoder/architectures.ts';
import { type DecoderConfig, parseDecoderConfig } from '../decoder/config.ts';
import { Decoder } from '../decoder/decoder.ts';
import { generate } from './generate.ts';

const size = { layers: 2, hiddenSize: 16, heads: 4, feedForwardSize: 24, contextLength: 24 } as const;
const llama = varied(decoderConfig({ style: 'llama', ...size }, 40));
const gpt2 = varied(decoderConfig({ style: 'gpt2', ...size }, 40));
const prompts = [[1, 2, 3], [7], [9, 8, 7, 6, 5, 4], [3, 3]].map((prompt) => Int32Array.from(prompt));

let backend: Backend;
beforeEach(() => {
  backend = createNativeBackend({ threads: 1 });
});
afterEach(() => {
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});

/** Logits with weights of their own, and all far enough from zero: texts do not repeat one token. */
function varied(config: DecoderConfig): DecoderConfig {
  return parseDecoderConfig({
    ...config,
    tiedEmbeddings: false,
    initialisation: { standardDeviation: 0.3, scaledResidual: false },
  });
}

/** The most likely token again and again, every time from the whole text. */
async function withoutCache(decoder: Decoder, prompt: Int32Array, steps: number): Promise<number[]> {
  const text = Array.from(prompt);
  while (text.length < prompt.length + steps) {
    using logits = scope(() =>
      decoder.logits(Tensor.from(decoder.backend, Int32Array.from(text), [1, text.length]), undefined, { last: 1 }),
    );
    text.push(argmax(await logits.readFloats()));
  }
  return text.slice(prompt.length);
}

describe('texts of several prompts', () => {
  test.each([
    ['llama', llama],
    ['gpt2', gpt2],
  ])('are those that each prompt has alone, without any cache (%s)', async (_, config) => {
    using decoder = Decoder.initialise(backend, config, 3);
    const texts = await generate(decoder, prompts, { steps: 12 });
    expect(new Set(texts.map(String)).size).toBe(prompts.length);
    for (const [row, prompt] of prompts.entries()) {
      const want = await withoutCache(decoder, prompt, 12);
      expect([...texts[row]!], `row ${row}`).toEqual(want);
    }
  });

  test('that are drawn belong to seed and row, whoever else is in the batch', async () => {
    using decoder = Decoder.initialise(backend, llama, 3);
    const sampling = { temperature: 1.5, topK: 30, topP: 0.95, minP: 0.01 };
    const texts = await generate(decoder, prompts, { steps: 12, sampling, seed: 100 });
    for (const [row, prompt] of prompts.entries()) {
      expect(await generate(decoder, [prompt], { steps: 12, sampling, seed: 100 + row })).toEqual([texts[row]]);
    }
    expect(await generate(decoder, prompts, { steps: 12, sampling, seed: 5 })).not.toEqual(texts);
  });

  test('end at the stop token without it, each for itself', async () => {
    using decoder = Decoder.initialise(backend, llama, 3);
    const whole = await generate(decoder, prompts, { steps: 12 });
    const stopToken = whole[0]![4]!;
    const seen: number[][] = prompts.map(() => []);
    const onToken = (token: number, row: number) => seen[row]!.push(token);
    const stopped = await generate(decoder, prompts, { steps: 12, stopToken, onToken });
    for (const [row, text] of stopped.entries()) {
      const end = whole[row]!.indexOf(stopToken);
      expect(text).toEqual(end < 0 ? whole[row] : whole[row]!.subarray(0, end));
      expect([...text]).toEqual(seen[row]);
    }
    expect(new Set(stopped.map((text) => text.length)).size).toBeGreaterThan(1);
  });

  test('need room, a token to start from, and a seed where they are drawn', async () => {
    using decoder = Decoder.initialise(backend, llama, 3);
    const some = Int32Array.of(1);
    await expect(generate(decoder, [some], { steps: 25 })).rejects.toMatchObject({ code: 'shape-mismatch' });
    await expect(generate(decoder, [new Int32Array(0)], { steps: 1 })).rejects.toThrow('the prompt needs a token');
    await expect(generate(decoder, [some], { steps: -1 })).rejects.toThrow('found -1');
    const sampling = { temperature: 1 };
    await expect(generate(decoder, [some], { steps: 1, sampling })).rejects.toThrow('needs a seed');
    for (const wrong of [
      { temperature: -1 },
      { temperature: 1, topK: 0 },
      { temperature: 1, topP: 0 },
      { temperature: 1, minP: 2 },
    ]) {
      await expect(generate(decoder, [some], { steps: 1, seed: 1, sampling: wrong })).rejects.toMatchObject({
        code: 'invalid-sampling',
      });
    }
    expect(await generate(decoder, [], { steps: 3 })).toEqual([]);
    expect(await generate(decoder, [some], { steps: 0 })).toEqual([new Int32Array(0)]);
  });

  test('stop when they are cancelled', async () => {
    using decoder = Decoder.initialise(backend, llama, 3);
    const controller = new AbortController();
    const seen: number[] = [];
    const onToken = (token: number) => {
      seen.push(token);
      if (seen.length === 3) controller.abort();
    };
    const running = generate(decoder, [Int32Array.of(1)], { steps: 12, onToken, signal: controller.signal });
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect(seen).toHaveLength(3);
  });
});
