import { type Backend, scope, Tensor } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decoderConfig } from '../decoder/architectures.ts';
import type { AttentionCache } from '../decoder/attention-cache.ts';
import { parseDecoderConfig } from '../decoder/config.ts';
import { Decoder } from '../decoder/decoder.ts';
import { createCache } from './caches.ts';
import { generate } from './generate.ts';

const config = parseDecoderConfig({
  ...decoderConfig({ style: 'llama', layers: 2, hiddenSize: 16, heads: 4, feedForwardSize: 24, contextLength: 40 }, 40),
  keyValueHeads: 2,
  tiedEmbeddings: false,
  initialisation: { standardDeviation: 0.3, scaledResidual: false },
});
const ids = Int32Array.from({ length: 30 }, (_, index) => (index * index + 3) % 40);

let backend: Backend;
beforeEach(() => {
  backend = createNativeBackend({ threads: 1 });
});
afterEach(() => {
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});

/** Logits of `ids`, read in parts of these lengths. */
async function inParts(decoder: Decoder, cache: AttentionCache, lengths: readonly number[]): Promise<number[]> {
  const all: number[] = [];
  let at = 0;
  for (const length of lengths) {
    using logits = scope(() => decoder.logits(Tensor.from(backend, ids.subarray(at, at + length), [1, length]), cache));
    all.push(...(await logits.readFloats()));
    at += length;
  }
  return all;
}

function expectClose(got: readonly number[], want: readonly number[], bound: number): void {
  expect(got).toHaveLength(want.length);
  const largest = got.reduce((most, value, index) => Math.max(most, Math.abs(value - want[index]!)), 0);
  expect(largest).toBeLessThan(bound);
}

const parts = [[30], [1, 1, 1, 27], [7, 1, 1, 1, 1, 9, 1, 9], Array.from({ length: 30 }, () => 1)];

describe('a cache in float32', () => {
  test.each(parts.map((lengths) => [lengths]))('gives the logits of one pass, read in parts of %j', async (lengths) => {
    using decoder = Decoder.initialise(backend, config, 1);
    using whole = createCache(30);
    using cache = createCache(30);
    expect(await inParts(decoder, cache, lengths)).toEqual(await inParts(decoder, whole, [30]));
  });

  test('takes 2 * layers * batch * capacity * keyValueHeads * headSize * 4 bytes', async () => {
    using decoder = Decoder.initialise(backend, config, 1);
    const before = backend.liveBytes;
    using cache = createCache(30);
    await inParts(decoder, cache, [3]);
    expect(cache.bytes).toBe(2 * 2 * 1 * 30 * 2 * 4 * 4);
    expect(backend.liveBytes - before).toBe(cache.bytes);
  });

  test('forgets what it is cut off', async () => {
    using decoder = Decoder.initialise(backend, config, 1);
    using cache = createCache(30);
    await inParts(decoder, cache, [20]);
    cache.truncate(0);
    const again = await inParts(decoder, cache, [12, 5]);
    using fresh = createCache(30);
    expect(again).toEqual(await inParts(decoder, fresh, [17]));
    expect(() => cache.truncate(18)).toThrow('a cache of 17 tokens cannot be cut to 18');
  });

  test('refuses a token too many, and rows that it does not hold', async () => {
    using decoder = Decoder.initialise(backend, config, 1);
    using cache = createCache(5);
    await inParts(decoder, cache, [5]);
    await expect(inParts(decoder, cache, [1])).rejects.toMatchObject({ code: 'cache-full' });
    expect(() => cache.select([0, 1])).toThrow('row 1 was asked for');
  });
});

/** Vectors of `size` neighbours, each rounded in float32 to levels of a scale of its own. */
function roundedVectors(values: Float32Array, size: number, bits: number): Float32Array {
  const { fround } = Math;
  return values.map((value, at) => {
    const vector = values.subarray(at - (at % size), at - (at % size) + size);
    const scale = fround(Math.max(...vector.map(Math.abs)) / (2 ** (bits - 1) - 1));
    const level = Math.round(fround(value / scale)); // no quotient here is halfway
    return fround(level * scale);
  });
}

describe.each([8, 4, 2])('a cache in %i bits', (bits) => {
  test.each(parts.map((lengths) => [lengths]))('gives the same logits read in parts of %j', async (lengths) => {
    using decoder = Decoder.initialise(backend, config, 1);
    using whole = createCache(30, { bits });
    using cache = createCache(30, { bits });
    expect(await inParts(decoder, cache, lengths)).toEqual(await inParts(decoder, whole, [30]));
  });

  test('takes 2 * layers * batch * capacity * keyValueHeads * (4 ceil(headSize bits / 32) + 4) bytes', async () => {
    using decoder = Decoder.initialise(backend, config, 1);
    const before = backend.liveBytes;
    using cache = createCache(30, { bits });
    await inParts(decoder, cache, [3]);
    expect(cache.bytes).toBe(2 * 2 * 1 * 30 * 2 * (4 * Math.ceil((4 * bits) / 32) + 4));
    expect(backend.liveBytes - before).toBe(cache.bytes);
  });

  test('attends to each head’s keys and values rounded to the nearest of its levels', async () => {
    // What the only layer's keys and values are does not depend on how they are stored.
    using decoder = Decoder.initialise(backend, parseDecoderConfig({ ...config, layers: 1 }), 1);
    const places = ['layers.0.self_attn.key', 'layers.0.self_attn.value'];
    const seen: Promise<Float32Array>[] = [];
    const watching = places.map((place) => decoder.hooks.on(place, (x) => void seen.push(x.readFloats())));
    using unread = createCache(30);
    await inParts(decoder, unread, [30]);
    const rounded = (await Promise.all(seen)).map((values) => roundedVectors(values, 4, bits));
    for (const stop of watching) stop();
    using cache = createCache(30, { bits });
    const found = await inParts(decoder, cache, [30]);
    for (const [at, place] of places.entries()) {
      decoder.hooks.on(place, (x) => Tensor.from(backend, rounded[at]!, x.shape));
    }
    using exact = createCache(30);
    expect(found).toEqual(await inParts(decoder, exact, [30]));
  });

  test('forgets, and reorders its rows: texts in a batch are those of each alone', async () => {
    using decoder = Decoder.initialise(backend, config, 1);
    using cache = createCache(30, { bits });
    await inParts(decoder, cache, [20]);
    cache.truncate(5);
    const again = await inParts(decoder, cache, [4]);
    expect(() => cache.select([1])).toThrow('row 1 was asked for');
    using other = createCache(30, { bits });
    await inParts(decoder, other, [5]);
    expect(await inParts(decoder, other, [4])).toEqual(again);
    const prompts = [Int32Array.of(1, 2, 3), Int32Array.of(5), Int32Array.of(7, 7)];
    const stopToken = 11;
    const together = await generate(decoder, prompts, { steps: 20, stopToken, cache: { bits } });
    for (const [row, prompt] of prompts.entries()) {
      expect(together[row]).toEqual((await generate(decoder, [prompt], { steps: 20, stopToken, cache: { bits } }))[0]);
    }
  });
});

test('a cache of other bits, or one that packs and slides, is refused', async () => {
  using decoder = Decoder.initialise(backend, config, 1);
  expect(() => createCache(3, { bits: 3 })).toThrow('2, 4 or 8 bits, found 3');
  expect(() => createCache(3, { bits: 8, window: 2 })).toThrow('not both');
  using cache = createCache(5, { bits: 8 });
  await inParts(decoder, cache, [5]);
  await expect(inParts(decoder, cache, [1])).rejects.toMatchObject({ code: 'cache-full' });
});

describe('a sliding cache', () => {
  const windowed = parseDecoderConfig({ ...config, attentionWindow: 6 });

  test.each(parts.map((lengths) => [lengths]))(
    'gives the logits of a model with its window, read in parts of %j',
    async (lengths) => {
      using decoder = Decoder.initialise(backend, windowed, 1);
      using whole = createCache(30);
      const want = await inParts(decoder, whole, [30]);
      using cache = createCache(30, { window: 6 });
      expectClose(await inParts(decoder, cache, lengths), want, 2e-5);
      // A ring that is wider than the model's window.
      using wider = createCache(30, { window: 9 });
      expectClose(await inParts(decoder, wider, lengths), want, 2e-5);
      // The window is the cache's where the model has none.
      using open = Decoder.initialise(backend, config, 1);
      using narrow = createCache(30, { window: 6 });
      expectClose(await inParts(open, narrow, lengths), want, 2e-5);
    },
  );

  test('takes window rows, however long the text', async () => {
    using decoder = Decoder.initialise(backend, windowed, 1);
    const before = backend.liveBytes;
    using cache = createCache(30, { window: 6 });
    await inParts(decoder, cache, [20, 1, 1]);
    expect(cache.bytes).toBe(2 * 2 * 1 * 6 * 2 * 4 * 4);
    expect(backend.liveBytes - before).toBe(cache.bytes);
  });

  test('writes the same text as a full one', async () => {
    using decoder = Decoder.initialise(backend, windowed, 1);
    const prompts = [Int32Array.of(1, 2, 3), Int32Array.of(5)];
    const full = await generate(decoder, prompts, { steps: 30 });
    expect(await generate(decoder, prompts, { steps: 30, cache: { window: 6 } })).toEqual(full);
  });

  test('can be cut only before it has overwritten anything', async () => {
    using decoder = Decoder.initialise(backend, windowed, 1);
    using cache = createCache(30, { window: 6 });
    await inParts(decoder, cache, [6]);
    cache.truncate(4);
    expect(cache.length).toBe(4);
    await inParts(decoder, cache, [3]);
    expect(() => cache.truncate(6)).toThrow('it cannot be cut to 6');
    expect(() => createCache(3, { window: 0 })).toThrow('found 0');
  });
});
