import { type Backend, scope, Tensor } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { Decoder, decoderConfig } from '@claimbench/models';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gram, LayerWalk, release } from './layer-walk.ts';

const size = { layers: 3, hiddenSize: 8, heads: 2, feedForwardSize: 12, contextLength: 1100 } as const;
const config = decoderConfig({ style: 'llama', ...size }, 20);
/** Three windows in two batches. */
const windows = { tokens: Int32Array.from({ length: 3 * 1024 }, (_, at) => (at * at) % 20), windows: 3, time: 1024 };

let backend: Backend;
beforeEach(() => {
  backend = createNativeBackend({ threads: 1 });
});
afterEach(() => {
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});

/** What enters a layer in a whole pass over the first two windows. */
async function entering(decoder: Decoder, layer: number): Promise<Float32Array> {
  using x = scope(() => {
    const ids = Tensor.from(backend, windows.tokens.subarray(0, 2 * 1024), [2, 1024]);
    return decoder.run(decoder.embed(ids), decoder.plan.slice(0, layer), {});
  });
  return await x.readFloats();
}

describe('a walk', () => {
  test('sees at each layer what a whole pass sees, and leaves the decoder as it was', async () => {
    using decoder = Decoder.initialise(backend, config, 1);
    const { plan } = decoder;
    {
      using walk = new LayerWalk(decoder, windows);
      for (let layer = 0; layer < 3; layer++) {
        expect(walk.layer).toBe(layer);
        const captured = walk.capture([`layers.${layer}.input`]);
        const [first, second] = captured.get(`layers.${layer}.input`)!;
        expect([first!.shape, second!.shape]).toEqual([
          [2, 1024, 8],
          [1, 1024, 8],
        ]);
        expect(await first!.readFloats()).toEqual(await entering(decoder, layer));
        release(captured);
        walk.advance();
      }
    }
    expect(decoder.plan).toBe(plan);
    expect(decoder.hooks.active).toBe(false);
  });

  test('shows layers above what a changed layer gives, and those below nothing of it', async () => {
    using decoder = Decoder.initialise(backend, config, 1);
    const before = await entering(decoder, 1);
    using walk = new LayerWalk(decoder, windows);
    const name = 'layers.0.mlp.down_proj.weight';
    decoder.writeParameter(name, (await decoder.readParameter(name)).fill(0));
    walk.advance();
    const captured = walk.capture(['layers.1.input']);
    const seen = await captured.get('layers.1.input')![0]!.readFloats();
    release(captured);
    expect(seen).toEqual(await entering(decoder, 1));
    expect(seen).not.toEqual(before);
  });
});

test('a gram matrix is X^T Y over the rows of all batches', async () => {
  const values = (count: number, seed: number) => Float32Array.from({ length: count }, (_, at) => Math.sin(at * seed));
  const [x, more] = [values(2 * 5 * 3, 1.3), values(4 * 3, 2.1)];
  const [y, moreY] = [values(2 * 5 * 2, 0.7), values(4 * 2, 3.3)];
  const tensor = (data: Float32Array, shape: number[]) => Tensor.from(backend, data, shape);
  const xs = [tensor(x, [2, 5, 3]), tensor(more, [1, 4, 3])];
  const ys = [tensor(y, [2, 5, 2]), tensor(moreY, [1, 4, 2])];
  const product = (a: Float32Array, b: Float32Array, columns: number) => {
    const sum = new Float64Array(3 * columns);
    for (let row = 0; row < a.length / 3; row++) {
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < columns; j++) sum[i * columns + j]! += a[row * 3 + i]! * b[row * columns + j]!;
      }
    }
    return sum;
  };
  const [crossed, own] = [await gram(xs, ys), await gram(xs)];
  const added = (a: Float64Array, b: Float64Array) => a.map((value, at) => value + b[at]!);
  for (const [at, value] of added(product(x, y, 2), product(more, moreY, 2)).entries()) {
    expect(crossed[at]).toBeCloseTo(value, 5);
  }
  for (const [at, value] of added(product(x, x, 3), product(more, more, 3)).entries()) {
    expect(own[at]).toBeCloseTo(value, 5);
  }
  for (const held of [...xs, ...ys]) held.dispose();
});
