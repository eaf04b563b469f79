import { type Backend, scope, Tensor } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decoderConfig } from '../decoder/architectures.ts';
import { type DecoderConfig, parseDecoderConfig } from '../decoder/config.ts';
import { Decoder } from '../decoder/decoder.ts';
import { dropFromPlan } from '../decoder/layer-plan.ts';
import { generate } from './generate.ts';
import { nextTokenProbabilities } from './sampling.ts';
import { type Draft, generateSpeculatively } from './speculative.ts';

/** Logits with weights of their own, and all far enough from zero: texts do not repeat one token. */
function model(layers: number, vocabularySize: number): DecoderConfig {
  const size = { layers, hiddenSize: 16, heads: 4, feedForwardSize: 24, contextLength: 40 } as const;
  return parseDecoderConfig({
    ...decoderConfig({ style: 'llama', ...size }, vocabularySize),
    tiedEmbeddings: false,
    initialisation: { standardDeviation: 0.3, scaledResidual: false },
  });
}

const prompt = Int32Array.of(1, 2, 3);

let backend: Backend;
beforeEach(() => {
  backend = createNativeBackend({ threads: 1 });
});
afterEach(() => {
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});

describe('a greedy text', () => {
  test.each([1, 3, 8])('is the model’s own, whoever guesses %i tokens ahead', async (tokens) => {
    using decoder = Decoder.initialise(backend, model(3, 40), 3);
    using other = Decoder.initialise(backend, model(1, 40), 4);
    const [want] = await generate(decoder, [prompt], { steps: 30 });
    const plan = dropFromPlan(decoder.plan, [1], 'layer');
    const drafts: readonly Draft[] = [
      { decoder: other, tokens },
      { decoder, plan, tokens },
      { decoder, tokens },
    ];
    const texts = [];
    for (const draft of drafts) texts.push(await generateSpeculatively(decoder, draft, prompt, { steps: 30 }));
    for (const text of texts) expect(text.tokens).toEqual(want);
    // A stranger's guesses are refused, those of the model itself never.
    expect(texts[0]!.accepted).toBeLessThan(texts[0]!.drafted);
    expect(texts[2]!.accepted).toBe(texts[2]!.drafted);
    expect(texts[2]!.passes).toBe(Math.ceil(30 / (tokens + 1)));
    expect(decoder.plan).not.toBe(plan);
  });

  test('ends at the stop token as the model’s own does', async () => {
    using decoder = Decoder.initialise(backend, model(3, 40), 3);
    const [whole] = await generate(decoder, [prompt], { steps: 30 });
    const stopToken = whole![7]!;
    const [want] = await generate(decoder, [prompt], { steps: 30, stopToken });
    const draft = { decoder, tokens: 4 };
    const { tokens } = await generateSpeculatively(decoder, draft, prompt, { steps: 30, stopToken });
    expect(tokens).toEqual(want);
    expect(tokens.length).toBeLessThan(30);
  });
});

test('drawn texts have the model’s distribution, not the draft’s (chi-square)', async () => {
  const vocabulary = 4;
  using decoder = Decoder.initialise(backend, model(2, vocabulary), 3);
  using other = Decoder.initialise(backend, model(1, vocabulary), 8);
  const sampling = { temperature: 1.2 };
  const start = Int32Array.of(1);
  const next = async (of: Decoder, text: Int32Array) => {
    using logits = scope(() => of.logits(Tensor.from(backend, text, [1, text.length]), undefined, { last: 1 }));
    return nextTokenProbabilities(await logits.readFloats(), sampling);
  };
  const pairs = async (of: Decoder) => {
    const joint: number[] = [];
    const first = await next(of, start);
    for (const [token, share] of first.entries()) {
      for (const then of await next(of, Int32Array.of(...start, token))) joint.push(share * then);
    }
    return joint;
  };
  const texts = 1500;
  const counts = new Array<number>(vocabulary ** 2).fill(0);
  for (let seed = 0; seed < texts; seed++) {
    const draft = { decoder: other, tokens: 2 };
    const { tokens } = await generateSpeculatively(decoder, draft, start, { steps: 3, sampling, seed });
    counts[tokens[0]! * vocabulary + tokens[1]!]! += 1;
  }
  const chiSquare = (want: readonly number[]) =>
    counts.reduce((sum, count, cell) => sum + (count - texts * want[cell]!) ** 2 / (texts * want[cell]!), 0);
  const limit = 37.7; // 15 degrees of freedom, p = 0.001
  expect(chiSquare(await pairs(decoder))).toBeLessThan(limit);
  expect(chiSquare(await pairs(other))).toBeGreaterThan(limit);
});

test('a draft of another vocabulary, of no tokens, or without a seed is refused', async () => {
  using decoder = Decoder.initialise(backend, model(2, 40), 3);
  using other = Decoder.initialise(backend, model(1, 41), 8);
  const run = (draft: Draft, sampling = { temperature: 0 }) =>
    generateSpeculatively(decoder, draft, prompt, { steps: 3, sampling });
  await expect(run({ decoder: other, tokens: 2 })).rejects.toThrow('41 tokens, the model one of 40');
  await expect(run({ decoder, tokens: 0 })).rejects.toThrow('found 0');
  await expect(run({ decoder, tokens: 2 }, { temperature: 1 })).rejects.toThrow('needs a seed');
});
