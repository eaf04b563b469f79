import { gunzipSync } from 'node:zlib';
import { scope, Tensor } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterAll, describe, expect, test } from 'vitest';
import { argmax } from '../src/argmax.ts';
import { readJsonTensor, readMinGpt } from '../src/checkpoints/mingpt.ts';
import { readStateDict } from '../src/checkpoints/pytorch/state-dict.ts';
import { Decoder } from '../src/decoder/decoder.ts';
import { generateGreedy } from '../src/decoding/generate.ts';
import { resolveLocalFile } from '../src/node/data-locations.ts';
import { FeedForward } from '../src/vision/feed-forward.ts';
import { readIdx } from '../src/vision/idx.ts';
import { testLocations } from './data-path.ts';

const locations = testLocations();
const backend = createNativeBackend({ threads: 2 });
afterAll(() => {
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});
const file = (path: string, sha256: string) => resolveLocalFile(path, sha256, locations);

describe('gpt-nano-sort', () => {
  const json = async (path: string, sha256: string): Promise<Record<string, unknown>> =>
    JSON.parse(new TextDecoder().decode(await file(`models/gpt-nano-sort/${path}`, sha256)));
  const model = async () =>
    readMinGpt(
      await json('gpt-nano-sort-model.json', 'a38d5f450e0c808305973c587cdd389ca4de92bbf60fa6a4482bf9a03f0a6051'),
    );

  test('sorts all 729 sequences of six digits', async () => {
    const { config, parameters } = await model();
    using decoder = Decoder.fromValues(backend, config, parameters);
    let sorted = 0;
    for (let number = 0; number < 729; number++) {
      const digits = Int32Array.from({ length: 6 }, (_, place) => Math.floor(number / 3 ** place) % 3);
      const written = await generateGreedy(decoder, digits, 6);
      if (written.join() === digits.toSorted().join()) sorted += 1;
    }
    expect(sorted).toBe(729);
  });

  test('has the published states inside', async () => {
    const { config, parameters } = await model();
    using decoder = Decoder.fromValues(backend, config, parameters);
    const published = await json(
      'gpt-nano-sort-t0-partials.json',
      '642b29b966fc4d90e4672a54c7cfda72b5249427b2b1561c83cd536b857195e9',
    );
    const places = {
      x: 'embedding.output',
      ln1: 'layers.0.self_attn.input',
      yProj: 'layers.0.self_attn.output',
      gelu: 'layers.0.mlp.down_proj.input',
      block0: 'layers.0.output',
      block2: 'layers.2.output',
      ln_f: 'final.output',
      lm_head: 'logits',
    };
    const seen = new Map<string, Tensor>();
    for (const [name, place] of Object.entries(places)) decoder.hooks.on(place, (value) => void seen.set(name, value));
    const { shape, data } = readJsonTensor(published.idx, 'idx');
    const states = scope(() => {
      decoder.logits(Tensor.from(backend, Int32Array.from(data), shape));
      return Object.fromEntries(seen);
    });
    for (const name of Object.keys(places)) {
      const wanted = readJsonTensor(published[name], name).data;
      const found = await states[name]!.readFloats();
      // of the largest value: published in float32, from another order of summation
      const scale = wanted.reduce((max, value) => Math.max(max, Math.abs(value)), 1);
      for (const [index, value] of wanted.entries()) {
        expect(Math.abs(found[index]! - value), `${name}[${index}]`).toBeLessThan(2e-5 * scale);
      }
      states[name]!.dispose();
    }
  });
});

describe('mnist-fc', () => {
  test('reads 98.31 % of the 10,000 test digits', async () => {
    const stored = await file(
      'models/mnist-fc/mnist_model.state_dict',
      'd8a25252e28915e147720c19223721f0f53e3317493727ca754a2dd672450ba9',
    );
    const unpacked = async (path: string, sha256: string) =>
      readIdx(gunzipSync(await file(`vision/mnist/${path}`, sha256)), path);
    const images = await unpacked(
      't10k-images-idx3-ubyte.gz',
      '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
    );
    const labels = await unpacked(
      't10k-labels-idx1-ubyte.gz',
      'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6',
    );
    using model = FeedForward.fromValues(backend, { sizes: [784, 500, 10], activation: 'relu' }, readStateDict(stored));
    using x = Tensor.from(
      backend,
      Float32Array.from(images.bytes, (pixel) => pixel / 255),
      [10_000, 784],
    );
    using logits = scope(() => model.logits(x));
    const values = await logits.readFloats();
    const right = labels.bytes.filter((label, index) => argmax(values, 10 * index, 10) === label).length;
    expect(right).toBe(9831);
  });
});
