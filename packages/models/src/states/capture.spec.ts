import { type Backend, scope, Tensor } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { decoderConfig } from '../decoder/architectures.ts';
import { Decoder } from '../decoder/decoder.ts';
import { batchesOf, captureStates, capturing } from './capture.ts';

const size = { layers: 2, hiddenSize: 8, heads: 2, feedForwardSize: 12, contextLength: 1100 } as const;
const config = decoderConfig({ style: 'llama', ...size }, 20);
/** Three windows, of which two fit into a pass. */
const windows = { tokens: Int32Array.from({ length: 3 * 1024 }, (_, at) => (at * at) % 20), windows: 3, time: 1024 };

let backend: Backend;
beforeEach(() => {
  backend = createNativeBackend({ threads: 1 });
});
afterEach(() => {
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});

test('windows go into passes of about 2,048 tokens, none twice and none left out', () => {
  const batches = batchesOf(windows);
  expect(batches.map(({ windows: count }) => count)).toEqual([2, 1]);
  expect(batches.flatMap(({ ids }) => [...ids])).toEqual([...windows.tokens]);
  expect(batchesOf({ tokens: new Int32Array(6000), windows: 2, time: 3000 })).toHaveLength(2);
});

test('states are those of a pass over each window alone, one row a token', async () => {
  using decoder = Decoder.initialise(backend, config, 1);
  const [places, seen] = [['layers.0.output', 'final.output'], [] as Float32Array[]];
  await captureStates(decoder, windows, places, (values, batch) => {
    expect([...values.keys()].sort()).toEqual([...places].sort());
    expect(values.get('layers.0.output')).toHaveLength(batch.windows * batch.time * 8);
    seen.push(values.get('final.output')!);
  });
  for (let window = 0; window < 3; window++) {
    const ids = windows.tokens.subarray(window * 1024, (window + 1) * 1024);
    using hidden = scope(() => decoder.hidden(Tensor.from(backend, ids, [1, 1024])));
    const found = window < 2 ? seen[0]!.subarray(window * 1024 * 8, (window + 1) * 1024 * 8) : seen[1]!;
    expect(found).toEqual(await hidden.readFloats());
  }
});

test('a place that the plan does not reach is missing, one that it reaches twice shows the last time', async () => {
  using decoder = Decoder.initialise(backend, config, 1);
  const layer = { layer: 0, part: 'layer' } as const;
  const few = { tokens: windows.tokens.subarray(0, 8), windows: 1, time: 8 };
  const twice: Float32Array[] = [];
  decoder.plan = [layer, layer];
  await captureStates(decoder, few, ['layers.0.output', 'layers.1.output'], (values) => {
    expect([...values.keys()]).toEqual(['layers.0.output']);
    twice.push(values.get('layers.0.output')!);
  });
  decoder.plan = [layer];
  using once = scope(() => decoder.run(decoder.embed(Tensor.from(backend, few.tokens, [1, 8])), [layer], {}));
  using again = scope(() => decoder.run(once, [layer], { firstStep: 1 }));
  expect(twice[0]).toEqual(await again.readFloats());
});

test('hooks are gone and tensors are the caller’s when a pass is done, or has failed', async () => {
  using decoder = Decoder.initialise(backend, config, 1);
  expect(() =>
    capturing(decoder, ['embedding.output'], () => {
      throw new Error('no pass');
    }),
  ).toThrow('no pass');
  expect(decoder.hooks.active).toBe(false);
  const captured = capturing(decoder, ['embedding.output'], () => {
    decoder.hidden(Tensor.from(backend, Int32Array.of(1, 2), [1, 2]));
  });
  expect(await captured.get('embedding.output')!.readFloats()).toHaveLength(16);
  for (const tensor of captured.values()) tensor.dispose();
});
