import { readFileSync } from 'node:fs';
import { type Backend, createReferenceBackend, RandomStream } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { expect, test } from 'vitest';
import { decodeClassifier, decodeModel, encodeClassifier } from '../checkpoints/model-file.ts';
import { drawnDigit } from '../data/digit-glyphs.ts';
import { type Examples, examplesOf } from '../data/examples.ts';
import type { BatchSource } from '../data/training-windows.ts';
import { classify, classifyByFrequency } from '../evaluation/classify.ts';
import { FeedForward, feedForwardSpecs, parseFeedForwardConfig } from '../vision/feed-forward.ts';
import { optimiseNetwork, type TrainingPoint } from './optimise.ts';
import { ADAMW } from './recipe.ts';
import { labelLoss, trainClassifier } from './train-classifier.ts';

interface Trained {
  readonly losses: readonly number[];
  readonly gradientNorms: readonly number[];
  readonly after: Readonly<Record<string, readonly number[]>>;
}
// golden/vision/make_perceptron.py made it, with gradients written out by hand in float64.
const golden = JSON.parse(
  readFileSync(new URL('../../golden/vision/perceptron.json', import.meta.url), 'utf8'),
) as Readonly<Record<'dense' | 'bit', Trained>> & {
  readonly sizes: number[];
  readonly learningRate: number;
  readonly weightDecay: number;
  /** [step][row * size] and [step][row] */
  readonly features: readonly (readonly number[])[];
  readonly labels: readonly (readonly number[])[];
  readonly first: Readonly<Record<string, readonly number[]>>;
};

const backends: readonly (readonly [string, () => Backend])[] = [
  ['reference', createReferenceBackend],
  ['native', () => createNativeBackend({ threads: 2 })],
];
const linears = { dense: { kind: 'dense' }, bit: { kind: 'bit', norm: true, lambda: 1 } } as const;
const cases = (['dense', 'bit'] as const).flatMap((kind) =>
  backends.map(([name, make]) => [kind, name, make] as const),
);

function expectClose(got: ArrayLike<number>, want: readonly number[], what: string): void {
  expect(got.length, what).toBe(want.length);
  // Adam divides by the size of a gradient: float32's roundings of the smallest ones show in the fifth digit.
  for (const [i, value] of want.entries()) expect(Math.abs(got[i]! - value), `${what}[${i}]`).toBeLessThan(5e-5);
}

test.each(cases)('five steps of a %s perceptron on %s are those of its equations', async (kind, _, make) => {
  const backend = make();
  const config = parseFeedForwardConfig({ sizes: golden.sizes, activation: 'relu', linears: linears[kind] });
  const first = feedForwardSpecs(config).map(
    ({ name, shape }) => [name, { shape, data: Float32Array.from(golden.first[name]!) }] as const,
  );
  using network = FeedForward.fromValues(backend, config, new Map(first));
  const batches: BatchSource = {
    batchSize: golden.labels[0]!.length,
    time: 1,
    features: golden.sizes[0]!,
    position: 0,
    next() {
      const step = this.position++;
      return { inputs: Float32Array.from(golden.features[step]!), targets: Int32Array.from(golden.labels[step]!) };
    },
  };
  const points: TrainingPoint[] = [];
  const { learningRate, weightDecay, labels } = golden;
  const diverged = await optimiseNetwork(
    network,
    batches,
    { steps: labels.length, learningRate: () => learningRate, optimiser: ADAMW, weightDecay, gradientClip: null },
    { loss: labelLoss, onStep: (point) => points.push(point) },
  );
  expect(diverged).toBeNull();
  const want = golden[kind];
  expectClose(
    points.map(({ trainingLoss }) => trainingLoss),
    want.losses,
    'loss',
  );
  expectClose(
    points.map(({ gradientNorm }) => gradientNorm),
    want.gradientNorms,
    'gradient norm',
  );
  expect(points.at(-1)!.tokens).toBe(labels.flat().length);
  for (const [name, values] of Object.entries(want.after)) expectClose(await network.readParameter(name), values, name);
});

const digits = (seed: number, count: number): Examples => {
  const stream = new RandomStream(seed, 7);
  return examplesOf(
    Array.from({ length: count }, () => drawnDigit(stream)),
    { size: 100, classes: 10 },
  );
};
const recipe = { tokens: 6_400, batchSize: 32, learningRate: 4e-3, warmup: 0.1, weightDecay: 0.1, gradientClip: 1 };

test('a perceptron learns from its examples, in parts too, and is read back as the same function', async () => {
  const backend = createNativeBackend({ threads: 1 });
  const [seen, unseen] = [digits(1, 2_000), digits(2, 500)];
  const trained = async (more: { microBatchSize?: number } = {}) => {
    const network = FeedForward.initialise(backend, { sizes: [100, 32, 10], activation: 'relu' }, 3);
    const result = await trainClassifier(network, seen, { ...recipe, ...more }, { seed: 1, pointEvery: 100 });
    return { network, result };
  };
  const { network, result } = await trained();
  expect(result).toMatchObject({ steps: 200, tokens: 6_400, diverged: null });
  const quality = await classify(network, unseen);
  const guess = classifyByFrequency(unseen, seen);
  expect(guess.natsPerItem).toBeCloseTo(Math.log(10), 1);
  expect(guess.top1Accuracy).toBeLessThan(0.2);
  expect(quality.top1Accuracy).toBeGreaterThan(guess.top1Accuracy + 0.1);
  expect(quality.natsPerItem).toBeLessThan(guess.natsPerItem - 0.2);
  expect(quality.itemNats.reduce((sum, nats) => sum + nats, 0) / 500).toBe(quality.natsPerItem);

  const parts = await trained({ microBatchSize: 12 });
  expect(parts.result.finalLoss).toBeCloseTo(result.finalLoss, 3);

  const { config } = network;
  const file = encodeClassifier({ config, parameters: await network.readParameters(), provenance: { seed: 3 } });
  const stored = decodeClassifier(file);
  expect(stored.provenance).toEqual({ seed: 3 });
  using read = FeedForward.fromValues(backend, stored.config, stored.parameters);
  expect(await classify(read, unseen)).toEqual(quality);
  expect(() => decodeModel(file)).toThrow("format 'claimbench-decoder-1' expected in the metadata");
  for (const one of [network, parts.network]) one.dispose();
});

test('a perceptron that only sees one rate too high has failed, with the step', async () => {
  using network = FeedForward.initialise(createReferenceBackend(), { sizes: [100, 8, 10], activation: 'relu' }, 1);
  const wild = { ...recipe, tokens: 640, learningRate: 10, gradientClip: null };
  const { diverged } = await trainClassifier(network, digits(1, 100), wild, { seed: 1, pointEvery: 1 });
  expect(diverged).toMatchObject({ step: 20, reason: 'above-unigram-entropy' });
  expect(diverged!.message).toContain('nats/item, is above the entropy of the labels, 2.');
});

test('examples that do not fit the network are refused', async () => {
  using network = FeedForward.initialise(createReferenceBackend(), { sizes: [90, 8, 10], activation: 'relu' }, 1);
  const refused = expect.objectContaining({
    code: 'invalid-config',
    message: 'the network reads 90 features and knows 10 classes, the examples have 100 and 10',
  });
  await expect(classify(network, digits(1, 4))).rejects.toEqual(refused);
  await expect(trainClassifier(network, digits(1, 4), recipe, { seed: 1, pointEvery: 1 })).rejects.toEqual(refused);
});
