import {
  createReferenceBackend,
  createSgdState,
  crossEntropy,
  scope,
  sgd,
  Tensor,
  valueAndGrad,
} from '@claimbench/kernels';
import { afterEach, expect, test } from 'vitest';
import { decoderConfig } from './architectures.ts';
import { parseDecoderConfig } from './config.ts';
import { EncoderDecoder } from './encoder-decoder.ts';
import { KeyValueCache } from './key-value-cache.ts';

const backend = createReferenceBackend();
afterEach(() => expect(backend.liveBuffers).toBe(0));

const size = { layers: 1, hiddenSize: 16, heads: 2, feedForwardSize: 24, contextLength: 12 } as const;
const base = decoderConfig({ style: 'gpt2', ...size }, 11);
const encoder = parseDecoderConfig({ ...base, attention: { ...base.attention, causal: false } });
const decoder = parseDecoderConfig({
  ...base,
  crossAttention: { memorySize: 16 },
  norms: { ...base.norms, crossInput: base.norms.attentionInput },
});
const source = Int32Array.of(3, 1, 4, 1, 5, 9);

test('learns to copy what the encoder read, and the shared embedding is trained once', async () => {
  using model = EncoderDecoder.initialise(backend, { encoder, decoder }, 5);
  expect(model.encoder.parameter('embed_tokens.weight')).toBe(model.decoder.parameter('embed_tokens.weight'));
  const names = [...model.trainable.keys()].filter((name) => name.endsWith('embed_tokens.weight'));
  expect(names).toEqual(['decoder.embed_tokens.weight']);
  const parameters = [...model.trainable.values()];
  const state = createSgdState(parameters, 0.9);
  const losses: number[] = [];
  for (let step = 0; step < 40; step++) {
    using loss = scope(() => {
      const { value, gradients } = valueAndGrad(parameters, () => {
        const memory = model.encode(Tensor.from(backend, source, [1, 6]));
        const logits = model.decode(Tensor.from(backend, Int32Array.of(0, ...source.slice(0, 5)), [1, 6]), memory);
        return crossEntropy(logits.reshape([6, 11]), Tensor.from(backend, source, [6]));
      });
      sgd(parameters, gradients, state, { learningRate: 0.05, momentum: 0.9 });
      return value;
    });
    losses.push((await loss.readFloats())[0]!);
  }
  for (const tensor of state.momenta) tensor.dispose();
  expect(losses.at(-1)!).toBeLessThan(0.2 * losses[0]!);
});

test('decodes with a cache as without', async () => {
  using model = EncoderDecoder.initialise(backend, { encoder, decoder }, 5);
  using memory = scope(() => model.encode(Tensor.from(backend, source, [1, 6])));
  const ids = Int32Array.of(0, 7, 2, 8);
  using whole = scope(() => model.decode(Tensor.from(backend, ids, [1, 4]), memory));
  const wanted = await whole.readFloats();
  using cache = new KeyValueCache(4);
  for (const [index, id] of ids.entries()) {
    using logits = scope(() => model.decode(Tensor.from(backend, Int32Array.of(id), [1, 1]), memory, { cache }));
    const found = await logits.readFloats();
    for (const [at, value] of found.entries()) expect(value).toBeCloseTo(wanted[index * 11 + at]!, 5);
  }
});

test('stacks that do not fit each other are refused', () => {
  const make = (change: object) => () =>
    EncoderDecoder.initialise(backend, { encoder, decoder: { ...decoder, ...change } }, 5);
  expect(make({ crossAttention: null })).toThrow('a memory of no features');
  expect(make({ crossAttention: { memorySize: 8 } })).toThrow('a memory of 8 features, the encoder gives 16');
  expect(make({ vocabularySize: 12 })).toThrow('one vocabulary and width');
});
