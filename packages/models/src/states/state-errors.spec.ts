import { createReferenceBackend, scope, Tensor } from '@claimbench/kernels';
import { afterEach, expect, test } from 'vitest';
import { decoderConfig } from '../decoder/architectures.ts';
import { Decoder } from '../decoder/decoder.ts';
import type { EvaluationItem } from '../evaluation/items.ts';
import { compareStates } from './state-errors.ts';

const backend = createReferenceBackend();
const config = decoderConfig(
  { style: 'llama', layers: 3, hiddenSize: 16, heads: 2, feedForwardSize: 32, contextLength: 40 },
  30,
);
const item = (length: number, seed: number, given?: number): EvaluationItem => ({
  context: seed,
  tokens: Int32Array.from({ length }, (_, at) => (at * at * seed + 5) % 30),
  bytes: length,
  ...(given === undefined ? {} : { given }),
});
const items = [item(12, 1), item(33, 2), item(7, 3, 4), item(1, 4)];
const TOKENS = 12 + 33 + 3 + 1;

afterEach(() => expect(backend.liveBuffers).toBe(0));

async function change(decoder: Decoder, name: string, value: (w: number, i: number) => number): Promise<void> {
  decoder.writeParameter(name, (await decoder.readParameter(name)).map(value));
}

/** A decoder whose layers add nothing: after every layer the stream is the embedding. */
async function silent(): Promise<Decoder> {
  const decoder = Decoder.initialise(backend, config, 5);
  for (let layer = 0; layer < config.layers; layer++) {
    await change(decoder, `layers.${layer}.self_attn.o_proj.weight`, () => 0);
    await change(decoder, `layers.${layer}.mlp.down_proj.weight`, () => 0);
  }
  return decoder;
}

test('a model has no error against itself', async () => {
  using decoder = Decoder.initialise(backend, config, 5);
  expect(await compareStates(decoder, decoder, items)).toMatchObject({ tokens: TOKENS, early: 0, late: 0 });
});

test('a stream that is a quarter too large is wrong by a quarter everywhere', async () => {
  using reference = await silent();
  using decoder = await silent();
  await change(decoder, 'embed_tokens.weight', (w) => 1.25 * w);
  const errors = await compareStates(decoder, reference, items, { batchSize: 2 });
  expect(errors.early).toBeCloseTo(0.25, 6);
  expect(errors.late).toBeCloseTo(0.25, 6);
  // Tokens that are given, and padding, count nowhere.
  for (const [at, tokens] of [12, 33, 3, 1].entries()) expect(errors.itemLate[at]).toBeCloseTo(0.25 * tokens, 5);
});

test('each token counts with its own size, and what a middle layer does wrong is seen after the last alone', async () => {
  using reference = await silent();
  using decoder = await silent();
  await change(decoder, 'embed_tokens.weight', (w, i) => (Math.floor(i / 16) === 5 ? -w : w));
  const inputs = items.flatMap(({ context, tokens, given = 0 }) => [context, ...tokens.slice(0, -1)].slice(given));
  expect(inputs).toHaveLength(TOKENS);
  const share = inputs.filter((token) => token === 5).length / TOKENS;
  expect(share).toBeGreaterThan(0);
  // A state with the opposite sign is off by twice its size.
  expect((await compareStates(decoder, reference, items)).early).toBeCloseTo(2 * share, 6);

  using plain = Decoder.initialise(backend, config, 5);
  using lame = Decoder.initialise(backend, config, 5);
  await change(lame, 'layers.1.mlp.down_proj.weight', () => 0);
  const { early, late } = await compareStates(lame, plain, [item(9, 1)]);
  expect(early).toBe(0);
  // By hand: the difference of the streams over the stream, token by token.
  const streamOf = async (decoder: Decoder) => {
    let stream = new Float32Array();
    const read: Promise<unknown>[] = [];
    const off = decoder.hooks.on('layers.2.output', (x) => {
      read.push(x.readFloats().then((values) => (stream = values)));
      return undefined;
    });
    const { context, tokens } = item(9, 1);
    scope(() => void decoder.hidden(Tensor.from(backend, Int32Array.of(context, ...tokens.slice(0, -1)), [1, 9])));
    off();
    await Promise.all(read);
    return Array.from({ length: 9 }, (_, row) => Array.from(stream.subarray(16 * row, 16 * row + 16)));
  };
  const [own, wanted] = [await streamOf(lame), await streamOf(plain)];
  const errors = wanted.map((row, at) => Math.hypot(...row.map((x, i) => x - own[at]![i]!)) / Math.hypot(...row));
  expect(late).toBeCloseTo(errors.reduce((sum, error) => sum + error, 0) / 9, 12);
  expect(late).toBeGreaterThan(0.001);
});

test('refuses streams of other widths, and plans that leave out a layer that is compared', async () => {
  using decoder = Decoder.initialise(backend, config, 5);
  using wide = Decoder.initialise(backend, { ...config, hiddenSize: 32 }, 5);
  await expect(compareStates(decoder, wide, items)).rejects.toThrow("states have 32 features, the model's 16");
  decoder.plan = decoder.plan.slice(0, 2);
  using whole = Decoder.initialise(backend, config, 5);
  await expect(compareStates(decoder, whole, items)).rejects.toThrow('layers.2.output, which the plan does not reach');
});
