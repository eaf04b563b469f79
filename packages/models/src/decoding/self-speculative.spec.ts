import { type Backend, scope, Tensor } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decoderConfig } from '../decoder/architectures.ts';
import { type DecoderConfig, parseDecoderConfig } from '../decoder/config.ts';
import { Decoder } from '../decoder/decoder.ts';
import { fullPlan } from '../decoder/layer-plan.ts';
import { generate } from './generate.ts';
import { nextTokenProbabilities } from './sampling.ts';
import { generateSelfSpeculatively } from './self-speculative.ts';
import { generateSpeculatively } from './speculative.ts';

function model(layers: number, vocabularySize: number, deviation = 0.3): DecoderConfig {
  const size = { layers, hiddenSize: 16, heads: 4, feedForwardSize: 24, contextLength: 40 } as const;
  return parseDecoderConfig({
    ...decoderConfig({ style: 'llama', ...size }, vocabularySize),
    tiedEmbeddings: false,
    initialisation: { standardDeviation: deviation, scaledResidual: false },
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
  test.each([
    [1, 1],
    [1, 4],
    [2, 3],
    [3, 9],
  ])('is the model’s own, with an exit after %i layers that guesses %i tokens', async (layers, tokens) => {
    using decoder = Decoder.initialise(backend, model(4, 40), 3);
    const [want] = await generate(decoder, [prompt], { steps: 30 });
    const text = await generateSelfSpeculatively(decoder, { layers, tokens }, prompt, { steps: 30 });
    expect(text.tokens).toEqual(want);
    expect(text.drafted).toBeGreaterThan(0);
    // The same layers as an independent draft guess the same tokens, and the same of them are kept.
    const draft = { decoder, plan: fullPlan(4).slice(0, layers), tokens };
    const independent = await generateSpeculatively(decoder, draft, prompt, { steps: 30 });
    expect(independent).toMatchObject({ passes: text.passes, drafted: text.drafted, accepted: text.accepted });
    expect(independent.modelPositions).toBe(text.modelPositions);
    // What the draft holds of its own beside the model's cache.
    expect(independent.cacheBytes).toBe(text.cacheBytes * (1 + layers / 4));
  });

  test('runs every layer once a position that is read, and holds one cache', async () => {
    using decoder = Decoder.initialise(backend, model(4, 40), 3);
    const text = await generateSelfSpeculatively(decoder, { layers: 2, tokens: 3 }, prompt, { steps: 30 });
    // Read are the prompt and, a round, what was guessed, and the model's own token of the round before.
    const read = prompt.length + text.drafted + (text.passes - 1);
    expect(text.layerRuns).toBe(4 * read);
    // Four layers, keys and values of 16 floats, for 33 tokens.
    expect(text.cacheBytes).toBe(4 * 2 * 16 * 33 * 4);
  });

  test('is found in fewer passes where the exit knows what the model will say', async () => {
    // Layers that add next to nothing: the exit says what the whole model says.
    const config = { ...model(4, 40), initialisation: { standardDeviation: 0.02, scaledResidual: true } };
    using decoder = Decoder.initialise(backend, config, 3);
    const text = await generateSelfSpeculatively(decoder, { layers: 2, tokens: 4 }, prompt, { steps: 30 });
    expect(text.accepted / text.drafted).toBeGreaterThan(0.8);
    expect(text.passes).toBeLessThan(10);
    const [want] = await generate(decoder, [prompt], { steps: 30 });
    expect(text.tokens).toEqual(want);
  });

  test('ends at the stop token as the model’s own does', async () => {
    using decoder = Decoder.initialise(backend, model(3, 40), 3);
    const [whole] = await generate(decoder, [prompt], { steps: 30 });
    const stopToken = whole![7]!;
    const [want] = await generate(decoder, [prompt], { steps: 30, stopToken });
    const options = { steps: 30, stopToken };
    const { tokens } = await generateSelfSpeculatively(decoder, { layers: 1, tokens: 4 }, prompt, options);
    expect(tokens).toEqual(want);
  });
});

test('drawn texts have the model’s distribution, not the exit’s (chi-square)', async () => {
  const vocabulary = 4;
  using decoder = Decoder.initialise(backend, model(3, vocabulary, 0.6), 3);
  const sampling = { temperature: 1.2 };
  const start = Int32Array.of(1);
  const next = async (text: Int32Array) => {
    using logits = scope(() => decoder.logits(Tensor.from(backend, text, [1, text.length]), undefined, { last: 1 }));
    return nextTokenProbabilities(await logits.readFloats(), sampling);
  };
  const pairs: number[] = [];
  for (const [token, share] of (await next(start)).entries()) {
    for (const then of await next(Int32Array.of(...start, token))) pairs.push(share * then);
  }
  const draws = 2000;
  const counts = new Array<number>(vocabulary ** 2).fill(0);
  for (let seed = 0; seed < draws; seed++) {
    const options = { steps: 2, sampling, seed };
    const { tokens } = await generateSelfSpeculatively(decoder, { layers: 1, tokens: 3 }, start, options);
    counts[tokens[0]! * vocabulary + tokens[1]!]! += 1;
  }
  const chiSquare = counts.reduce((sum, count, i) => sum + (count - draws * pairs[i]!) ** 2 / (draws * pairs[i]!), 0);
  // 15 degrees of freedom: 37.7 is passed once in a thousand samples.
  expect(chiSquare).toBeLessThan(37.7);
});

test('refuses exits that are none, and plans that do not run each layer once', async () => {
  using decoder = Decoder.initialise(backend, model(3, 40), 3);
  const text = (layers: number, tokens: number) =>
    generateSelfSpeculatively(decoder, { layers, tokens }, prompt, { steps: 2 });
  await expect(text(3, 2)).rejects.toThrow('the exit is after 1 to 2 layers, found 3');
  await expect(text(1, 0)).rejects.toThrow('from 1, found 0');
  decoder.plan = fullPlan(3).toReversed();
  await expect(text(1, 1)).rejects.toThrow('runs each layer once, in order');
});
