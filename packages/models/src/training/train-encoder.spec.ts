import { readFileSync } from 'node:fs';
import { type Backend, createReferenceBackend } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { expect, test } from 'vitest';
import { tokenStream } from '../data/token-stream.ts';
import type { BatchSource } from '../data/training-windows.ts';
import { decoderConfig } from '../decoder/architectures.ts';
import { maskTokenOf, parseDecoderConfig } from '../decoder/config.ts';
import { Decoder } from '../decoder/decoder.ts';
import { parameterSpecs } from '../decoder/parameter-specs.ts';
import { generateGreedy } from '../decoding/generate.ts';
import { evaluate, evaluateUnigram } from '../evaluation/evaluate.ts';
import { evaluationItems, maskedItems } from '../evaluation/items.ts';
import { scoredLogits } from '../evaluation/scored-logits.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { optimise, type TrainingPoint } from './optimise.ts';
import { ADAMW } from './recipe.ts';
import { train } from './train.ts';

// golden/encoder/make.py made it: the model written out, with PyTorch's gradients and its AdamW, in float64.
const golden = JSON.parse(readFileSync(new URL('../../golden/encoder/encoder.json', import.meta.url), 'utf8')) as {
  readonly architecture: Parameters<typeof decoderConfig>[0];
  readonly words: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  /** [step][row * place] */
  readonly inputs: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
  readonly first: Readonly<Record<string, readonly number[]>>;
  readonly losses: readonly number[];
  readonly gradientNorms: readonly number[];
  readonly after: Readonly<Record<string, readonly number[]>>;
};
const backends: readonly (readonly [string, () => Backend])[] = [
  ['reference', createReferenceBackend],
  ['native', () => createNativeBackend({ threads: 2 })],
];

function expectClose(got: ArrayLike<number>, want: readonly number[], what: string): void {
  expect(got.length, what).toBe(want.length);
  // Adam divides by the size of a gradient: float32's roundings of the smallest ones show in the fifth digit.
  for (const [i, value] of want.entries()) expect(Math.abs(got[i]! - value), `${what}[${i}]`).toBeLessThan(5e-5);
}

test.each(backends)('five steps of an encoder on %s are those of its equations', async (_, make) => {
  const config = decoderConfig(golden.architecture, golden.words);
  const first = parameterSpecs(config).map(
    ({ name, shape }) => [name, { shape, data: Float32Array.from(golden.first[name]!) }] as const,
  );
  expect(first.map(([name]) => name).sort()).toEqual(Object.keys(golden.first).sort());
  using encoder = Decoder.fromValues(make(), config, new Map(first));
  const { contextLength: time } = config;
  const batches: BatchSource = {
    batchSize: golden.inputs[0]!.length / time,
    time,
    position: 0,
    next() {
      const step = this.position++;
      return { inputs: Int32Array.from(golden.inputs[step]!), targets: Int32Array.from(golden.targets[step]!) };
    },
  };
  const points: TrainingPoint[] = [];
  const { learningRate, weightDecay, inputs } = golden;
  await optimise(
    encoder,
    batches,
    { steps: inputs.length, learningRate: () => learningRate, optimiser: ADAMW, weightDecay, gradientClip: null },
    { onStep: (point) => points.push(point) },
  );
  const losses = points.map(({ trainingLoss }) => trainingLoss);
  const norms = points.map(({ gradientNorm }) => gradientNorm);
  expectClose(losses, golden.losses, 'loss');
  expectClose(norms, golden.gradientNorms, 'gradient norm');
  for (const [name, { data }] of await encoder.readParameters()) expectClose(data, golden.after[name]!, name);
});

const tokenizer = byteTokenizer();
const size = {
  style: 'modernbert',
  layers: 1,
  hiddenSize: 16,
  heads: 2,
  feedForwardSize: 24,
  contextLength: 16,
} as const;
const config = decoderConfig(size, tokenizer.vocabularySize);
const lines = ['one and two are three. ', 'two and two are four. ', 'a. ', 'three and one are four, and so on. '];
const texts = lines.map((line) => line.repeat(12));
const recipe = { tokens: 80_000, batchSize: 16, learningRate: 0.02, warmup: 0.1, weightDecay: 0, gradientClip: 1 };

test('an encoder has one token more than its tokenizer, and sees what follows', async () => {
  expect(config.vocabularySize).toBe(tokenizer.vocabularySize + 1);
  expect(maskTokenOf(config)).toBe(tokenizer.vocabularySize);
  using encoder = Decoder.initialise(createReferenceBackend(), config, 1);
  const windows = [97, 98].map((last) => ({ context: 0, tokens: Int32Array.of(104, 105, last), bytes: 3 }));
  const masked = windows.map(({ tokens }) => ({ inputs: tokens, places: Int32Array.of(0) }));
  const items = windows.map((item, index) => ({ ...item, masked: masked[index]! }));
  const logits = await scoredLogits(encoder, items);
  const half = logits.length / 2;
  expect(logits.slice(0, half)).not.toEqual(logits.slice(half));
  await expect(generateGreedy(encoder, Int32Array.of(104, 105), 2)).rejects.toThrow(/an encoder sees what follows/);
});

test('items of unlike length are scored as each alone, and the loss is that of the masked tokens', async () => {
  using encoder = Decoder.initialise(createNativeBackend({ threads: 1 }), config, 1);
  const documents = ['ten and six', 'a', 'sixteen letters.', 'ten and two'];
  const plain = evaluationItems(documents, tokenizer, { items: 4, windowTokens: 16 });
  const items = maskedItems(plain, tokenizer, maskTokenOf(config));
  expect(maskedItems(plain, tokenizer, maskTokenOf(config))).toEqual(items);
  expect(items.map(({ masked, bytes }) => [masked!.places.length, bytes])).toEqual([
    [2, 2],
    [1, 1],
    [2, 2],
    [2, 2],
  ]);
  const together = await evaluate(encoder, items);
  expect(together.tokens).toBe(7);
  let nats = 0;
  for (const [index, item] of items.entries()) {
    const alone = await evaluate(encoder, [item]);
    expect(alone.itemNats[0]).toBeCloseTo(together.itemNats[index]!, 5);
    const logits = await scoredLogits(encoder, [item]);
    const classes = config.vocabularySize;
    item.masked!.places.forEach((place, row) => {
      const scores = Array.from(logits.subarray(row * classes, (row + 1) * classes));
      const largest = Math.max(...scores);
      const sum = scores.reduce((total, score) => total + Math.exp(score - largest), 0);
      nats += largest + Math.log(sum) - scores[item.tokens[place]!]!;
    });
  }
  expect(together.natsPerToken).toBeCloseTo(nats / 7, 5);
});

test('an encoder learns to fill in, and is judged against how often each token occurs', async () => {
  const stream = tokenStream(texts, tokenizer);
  using encoder = Decoder.initialise(createNativeBackend({ threads: 1 }), config, 1);
  const points: TrainingPoint[] = [];
  const result = await train(encoder, stream, recipe, {
    seed: 1,
    pointEvery: 50,
    onPoint: (point) => points.push(point),
  });
  expect(result).toMatchObject({ diverged: null, steps: 313 });
  const plain = evaluationItems(texts, tokenizer, { items: 12, windowTokens: 16 });
  const items = maskedItems(plain, tokenizer, maskTokenOf(config));
  const quality = await evaluate(encoder, items);
  const guess = evaluateUnigram(items, stream);
  expect(guess.tokens).toBe(quality.tokens);
  expect(quality.natsPerToken).toBeLessThan(0.5 * guess.natsPerToken);
  expect(quality.top1Accuracy).toBeGreaterThan(2 * guess.top1Accuracy);

  using again = Decoder.initialise(createNativeBackend({ threads: 2 }), config, 1);
  const inParts = await train(again, stream, { ...recipe, microBatchSize: 6 }, { seed: 1, pointEvery: 50 });
  expect(inParts.losses[0]).toBeCloseTo(result.losses[0]!, 5);
  expect(inParts.finalLoss).toBeCloseTo(result.finalLoss, 1);
});

test('a vocabulary that leaves no token for the mask is refused', async () => {
  const narrow = parseDecoderConfig({ ...config, vocabularySize: tokenizer.vocabularySize });
  using encoder = Decoder.initialise(createReferenceBackend(), narrow, 1);
  const { vocabularySize } = tokenizer;
  await expect(train(encoder, tokenStream(texts, tokenizer), recipe, { seed: 1, pointEvery: 1 })).rejects.toThrow(
    `the tokens come from a vocabulary of ${vocabularySize}, the model has ${vocabularySize}, the last of them the mask`,
  );
});
