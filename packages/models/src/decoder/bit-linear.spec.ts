import { createReferenceBackend, scope, Tensor } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { expect, test } from 'vitest';
import { tokenStream } from '../data/token-stream.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { train } from '../training/train.ts';
import { decoderConfig } from './architectures.ts';
import { BitLinear } from './bit-linear.ts';
import { Decoder } from './decoder.ts';

const SHAPE = { style: 'llama', layers: 1, hiddenSize: 16, heads: 2, feedForwardSize: 32, contextLength: 16 } as const;
const CONFIG = { ...decoderConfig(SHAPE, 257), linears: { kind: 'bit', norm: true, lambda: 1 } as const };

test('weights have three values, and inputs of a token at most 256', async () => {
  const backend = createReferenceBackend();
  const values = Float32Array.from({ length: 64 * 48 }, (_, i) => Math.sin(i * i) * (1 + (i % 7)));
  using weight = Tensor.from(backend, values, [64, 48]);
  const linear = new BitLinear(weight, { norm: true, lambda: 1 });
  using rounded = scope(() => linear.quantizedWeight());
  const seen = new Set(await rounded.readFloats());
  const mean = values.reduce((sum, w) => sum + Math.abs(w), 0) / values.length;
  expect(seen.size).toBe(3);
  expect(Math.max(...seen)).toBeCloseTo(mean, 5);
  expect(linear.storedBytes).toBe((64 * 48) / 4 + 4);
});

test('a model of BitLinear is trained on its own parameters, saved and read again as the same function', async () => {
  const backend = createNativeBackend({ threads: 1 });
  const decoder = Decoder.initialise(backend, CONFIG, 3);
  const dense = Decoder.initialise(backend, decoderConfig(SHAPE, 257), 3);
  expect([...decoder.trainable.keys()]).toEqual([...dense.trainable.keys()]);
  // What is stored: a sixteenth of the layers' weights, and four bytes each.
  const weights = [...decoder.linears].filter(([name]) => name.startsWith('layers.'));
  const size = weights.reduce((sum, [, { inSize, outSize }]) => sum + inSize * outSize, 0);
  expect(decoder.storedBytes).toBe(dense.storedBytes - 4 * size + size / 4 + 4 * weights.length);

  const stream = tokenStream(['to be or not to be, that is the question. '.repeat(40)], byteTokenizer());
  const recipe = { tokens: 6_400, batchSize: 4, learningRate: 1e-2, warmup: 0.1, weightDecay: 0, gradientClip: 1 };
  const before = await decoder.readParameter('layers.0.mlp.up_proj.weight');
  const { diverged, finalLoss, unigramEntropy } = await train(decoder, stream, recipe, { seed: 1, pointEvery: 100 });
  expect(diverged).toBeNull();
  expect(finalLoss).toBeLessThan(unigramEntropy - 0.3);
  expect(await decoder.readParameter('layers.0.mlp.up_proj.weight')).not.toEqual(before);

  const read = Decoder.fromValues(backend, decoder.config, await decoder.readParameters());
  using ids = Tensor.from(backend, Int32Array.of(1, 2, 3, 4), [1, 4]);
  const logits = async (of: Decoder) => {
    using values = scope(() => of.logits(ids));
    return await values.readFloats();
  };
  expect(await logits(read)).toEqual(await logits(decoder));
  for (const one of [decoder, dense, read]) one.dispose();
});
