import { readFileSync } from 'node:fs';
import { createReferenceBackend, fakeQuantize, scope, sum, Tensor, valueAndGrad } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { describe, expect, test } from 'vitest';
import { tokenStream } from '../data/token-stream.ts';
import { decoderConfig } from '../decoder/architectures.ts';
import { Decoder } from '../decoder/decoder.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { QuantizedTrainingLinear, trainQuantized, type WeightQuantizer } from './quantized-training.ts';
import { scaleGradient, straightThrough } from './straight-through.ts';
import { train } from './train.ts';

interface Case {
  readonly id: string;
  readonly params: { readonly qmin: number; readonly qmax: number; readonly grad_factor?: number };
  readonly shape: number[];
  readonly x: number[];
  readonly scale: number[];
  readonly y: number[];
  readonly cot: number[];
  readonly gradX: number[];
  readonly gradScale?: number[];
}
const golden = JSON.parse(readFileSync(new URL('../../golden/training/quantizers.json', import.meta.url), 'utf8')) as {
  readonly quantizers: readonly Case[];
};

const backends = { reference: createReferenceBackend, native: () => createNativeBackend({ threads: 2 }) } as const;
const runs = golden.quantizers.flatMap((run) =>
  Object.entries(backends).map(([name, make]) => ({ ...run, name, make })),
);

test.each(runs)('$id on $name has the values and gradients of PyTorch', async (run) => {
  const backend = run.make();
  {
    const { qmin: lowest, qmax: highest, grad_factor: factor = 1 } = run.params;
    using x = Tensor.from(backend, Float32Array.from(run.x), run.shape);
    using step = Tensor.from(backend, Float32Array.from(run.scale), [
      run.scale.length,
      ...run.shape.slice(1).map(() => 1),
    ]);
    using cotangent = Tensor.from(backend, Float32Array.from(run.cot), run.shape);
    const { value, gradients } = valueAndGrad(
      [x, step],
      () => fakeQuantize(x, scaleGradient(step, factor), { lowest, highest }),
      { cotangent },
    );
    const [dx, dStep] = gradients;
    close(await value.readFloats(), run.y, 1e-6);
    close(await dx!.readFloats(), run.gradX, 1e-6);
    if (run.gradScale !== undefined) close(await dStep!.readFloats(), run.gradScale, 1e-5);
    for (const tensor of [value, ...gradients]) tensor.dispose();
  }
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});

function close(got: Float32Array, want: readonly number[], tolerance: number): void {
  const largest = Math.max(1, ...want.map(Math.abs));
  expect(got).toHaveLength(want.length);
  want.forEach((value, index) => {
    expect(Math.abs(got[index]! - value), `element ${index}: ${got[index]} for ${value}`).toBeLessThan(
      tolerance * largest,
    );
  });
}

describe('a fake quantizer', () => {
  test('rounds halves to even and is exact far outside its range', async () => {
    const backend = createReferenceBackend();
    const x = [-1e9, -8.6, -2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 7.5, 1e9];
    const y = await scope(() =>
      fakeQuantize(Tensor.from(backend, Float32Array.from(x), [x.length]), Tensor.full(backend, [1], 1), {
        lowest: -8,
        highest: 7,
      }),
    ).readFloats();
    expect(Array.from(y, (value) => value + 0)).toEqual([-8, -8, -2, -2, 0, 0, 0, 2, 2, 7, 7]);
  });

  test('passes the values of one tensor and the gradient of another', async () => {
    const backend = createReferenceBackend();
    using x = Tensor.from(backend, Float32Array.of(1e-8, 3, -5e7), [3]);
    using values = Tensor.from(backend, Float32Array.of(0.1, -0.7, 123456.789), [3]);
    let seen: Tensor | undefined;
    const { value, gradients } = valueAndGrad([x], () => {
      seen = straightThrough(values, x);
      return sum(seen, { keepDims: true });
    });
    expect(await gradients[0]!.readFloats()).toEqual(Float32Array.of(1, 1, 1));
    value.dispose();
    const again = scope(() => straightThrough(values, x));
    expect(await again.readFloats()).toEqual(await values.readFloats());
  });
});

const tokenizer = byteTokenizer();
const stream = tokenStream(['A short text, learned by heart. '.repeat(20)], tokenizer);
const config = decoderConfig(
  { style: 'llama', layers: 2, hiddenSize: 32, heads: 2, feedForwardSize: 64, contextLength: 16 },
  tokenizer.vocabularySize,
);
const recipe = { tokens: 300 * 64, batchSize: 4, learningRate: 0.01, warmup: 0.1, weightDecay: 0, gradientClip: 1 };
const quantizers: WeightQuantizer[] = [{ kind: 'absmean' }, { kind: 'learned', bits: 2 }, { kind: 'learned', bits: 4 }];

describe('quantized training', () => {
  test.each(quantizers)('learns with weights on their grid: %j', async (quantizer) => {
    const backend = createNativeBackend({ threads: 1 });
    {
      using decoder = Decoder.initialise(backend, config, 1);
      const names = [...decoder.linears.keys()].filter((name) => name.startsWith('layers.'));
      await trainQuantized(decoder, names, quantizer);
      const own = names.flatMap((name) => [...decoder.linear(name).trainable.values()]);
      const before = await Promise.all(own.map((tensor) => tensor.readFloats()));
      const { diverged, finalLoss } = await train(decoder, stream, recipe, { seed: 1, pointEvery: 100 });
      expect(diverged).toBeNull();
      expect(finalLoss).toBeLessThan(0.3);
      // every latent weight and every step has moved
      for (const [index, tensor] of own.entries()) expect(await tensor.readFloats()).not.toEqual(before[index]);
      const linear = decoder.linear('layers.0.mlp.up_proj');
      if (!(linear instanceof QuantizedTrainingLinear)) throw new Error('it was replaced');
      using weight = scope(() => linear.quantizedWeight());
      const row = (await weight.readFloats()).subarray(0, 32);
      const most = quantizer.kind === 'absmean' ? 3 : 2 ** quantizer.bits;
      expect(new Set(row).size).toBeGreaterThan(1);
      expect(new Set(row.map((value) => value + 0)).size).toBeLessThanOrEqual(most);
    }
    expect(backend.liveBuffers).toBe(0);
    backend.close();
  });

  test('refuses bits that no learned step has', async () => {
    const backend = createReferenceBackend();
    using decoder = Decoder.initialise(backend, config, 1);
    for (const bits of [1, 9, 2.5]) {
      await expect(trainQuantized(decoder, ['layers.0.mlp.up_proj'], { kind: 'learned', bits })).rejects.toMatchObject({
        code: 'invalid-config',
      });
    }
    await expect(trainQuantized(decoder, ['nowhere'], { kind: 'absmean' })).rejects.toMatchObject({
      code: 'unknown-name',
    });
  });
});
