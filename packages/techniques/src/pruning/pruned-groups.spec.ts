import { createReferenceBackend } from '@claimbench/kernels';
import { Decoder, decoderConfig, type EvaluationItem, scoredLogits } from '@claimbench/models';
import { afterEach, expect, test } from 'vitest';
import { prunedGroups } from './pruned-groups.ts';

const backend = createReferenceBackend();
const config = decoderConfig(
  { style: 'llama', layers: 1, hiddenSize: 10, heads: 1, feedForwardSize: 20, contextLength: 16 },
  30,
);
const items = Array.from(
  { length: 4 },
  (_, seed): EvaluationItem => ({
    context: 0,
    tokens: Int32Array.from({ length: 7 + seed }, (_, at) => (at * at * (seed + 3) + 5) % 30),
    bytes: 7,
  }),
);
afterEach(() => expect(backend.liveBuffers).toBe(0));

test('groups are the next smallest weights of each matrix, with the scores and the distortion of their definitions', async () => {
  using decoder = Decoder.initialise(backend, config, 3);
  const logits = await scoredLogits(decoder, items);
  expect(logits).toHaveLength((7 + 8 + 9 + 10) * 30);
  // The magnitudes 1, 2, ... 200, shuffled, all even ones negative.
  const name = 'layers.0.mlp.down_proj';
  const magnitude = Array.from({ length: 200 }, (_, i) => ((i * 77) % 200) + 1);
  const weights = Float32Array.from(magnitude, (m) => (m % 2 === 0 ? -m : m) / 1000);
  decoder.writeParameter(`${name}.weight`, weights);
  const groups = await prunedGroups(decoder, items);
  // Seven matrices; the smallest, of 100 weights, is cut in ten.
  expect(groups).toHaveLength(70);
  const ours = groups.filter((group) => group.name === name);
  expect(ours.map(({ level }) => level)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]);
  // At 30 % of 200 weights 60 are gone, and the next ten are 61 to 70.
  const squaresFrom = (first: number) => {
    let sum = 0;
    for (let m = first; m <= 200; m++) sum += m * m;
    return sum;
  };
  const wanted = Array.from({ length: 10 }, (_, i) => (61 + i) ** 2 / squaresFrom(61 + i));
  expect(ours[3]!.magnitude).toBeCloseTo(0.0655, 8);
  expect(ours[3]!.lamp).toBeCloseTo(wanted.reduce((sum, score) => sum + score, 0) / 10, 8);
  // The decoder is as it was; a group's removal, by hand.
  expect(await decoder.readParameter(`${name}.weight`)).toEqual(weights);
  const without = async (largest: number) => {
    decoder.writeParameter(
      `${name}.weight`,
      weights.map((w, i) => (magnitude[i]! <= largest ? 0 : w)),
    );
    return await scoredLogits(decoder, items);
  };
  const [before, after] = [await without(60), await without(70)];
  const distance = Math.hypot(...after.map((value, i) => value - before[i]!)) / Math.hypot(...before);
  expect(ours[3]!.distortion).toBeCloseTo(distance, 7);
  expect(ours[3]!.distortion).toBeGreaterThan(1e-5);
});

test('logits of scored tokens alone are taken, whatever the passes', async () => {
  using decoder = Decoder.initialise(backend, config, 3);
  const all = await scoredLogits(decoder, items);
  expect(await scoredLogits(decoder, items, { batchSize: 1 })).toEqual(all);
  const given = items.map((item) => ({ ...item, given: 2 }));
  const fewer = await scoredLogits(decoder, given);
  expect(fewer).toHaveLength(all.length - 4 * 2 * 30);
  // The longest item comes first.
  expect(fewer.slice(0, 8 * 30)).toEqual(all.slice(2 * 30, 10 * 30));
});

test('weights that are not dense have no scores', async () => {
  using decoder = Decoder.initialise(backend, config, 3);
  decoder.replaceLinear('layers.0.mlp.down_proj', {
    inSize: 20,
    outSize: 10,
    storedBytes: 0,
    forward: () => {
      throw new Error('never run');
    },
    dispose() {},
  } as never);
  await expect(prunedGroups(decoder, items)).rejects.toThrow('layers.0.mlp.down_proj');
});
