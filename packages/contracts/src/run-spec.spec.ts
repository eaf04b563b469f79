import { describe, expect, it } from 'vitest';
import { hashOf } from './canonical-json.ts';
import { LOSS_METRIC } from './outcome.ts';
import { RunSpec, TimingSpec, TrainingSpec } from './run-spec.ts';

const data = { name: 'node-docs', sha256: 'a'.repeat(64) };
const training = {
  tokens: 400_000,
  batchSize: 4,
  learningRate: 6e-3,
  warmup: 0.1,
  weightDecay: 0.1,
  gradientClip: 1,
};
const spec = {
  version: 1,
  subject: {
    kind: 'recipe',
    name: 'xs-llama',
    architecture: {
      style: 'llama',
      layers: 4,
      hiddenSize: 64,
      heads: 4,
      feedForwardSize: 168,
      contextLength: 128,
    },
    tokenizer: { kind: 'byte-pair', vocabularySize: 512 },
    data,
    training,
  },
  technique: { id: 'none', parameters: {} },
  evaluation: { data, split: 'validation', items: 400, windowTokens: null },
  seed: 7,
  backend: 'native',
};

describe('the hash of a run', () => {
  it('is what it was before training had schedules and optimisers', async () => {
    expect(await hashOf(RunSpec.parse(spec))).toBe('8e107ad804ce200ecc227be34306d62e29fe8bb7b3be038a927b25b0c1c445d9');
  });

  it('is another one with each of them', async () => {
    const settings = [
      { schedule: { kind: 'constant' } },
      { schedule: { kind: 'linear', final: 0 } },
      { optimiser: { kind: 'lion', beta1: 0.9, beta2: 0.99 } },
      { optimiser: { kind: 'sgd', momentum: 0.9, nesterov: true } },
      { optimiser: { kind: 'adafactor', decay: -0.8, threshold: 1 } },
      { microBatchSize: 2 },
    ];
    const hashes = settings.map(async (setting) => {
      const changed = { ...spec, subject: { ...spec.subject, training: { ...training, ...setting } } };
      return await hashOf(RunSpec.parse(changed));
    });
    expect(new Set(await Promise.all([hashOf(RunSpec.parse(spec)), ...hashes])).size).toBe(settings.length + 1);
  });

  it('is another one with a second text, and with each of its numbers', async () => {
    const fineTuning = { data: { name: 'generated-stories', sha256: 'b'.repeat(64) }, tokens: 100_000, rateShare: 0.5 };
    const given = [
      fineTuning,
      { ...fineTuning, tokens: 50_000 },
      { ...fineTuning, rateShare: 1 },
      { ...fineTuning, data },
    ];
    const hashes = given.map(async (second) =>
      hashOf(RunSpec.parse({ ...spec, subject: { ...spec.subject, fineTuning: second } })),
    );
    expect(new Set(await Promise.all([hashOf(RunSpec.parse(spec)), ...hashes])).size).toBe(given.length + 1);
    for (const wrong of [{ tokens: 0 }, { rateShare: 0 }, { data: { name: 'generated-stories' } }]) {
      const subject = { ...spec.subject, fineTuning: { ...fineTuning, ...wrong } };
      expect(RunSpec.safeParse({ ...spec, subject }).success).toBe(false);
    }
  });

  it.each([
    { schedule: { kind: 'cosine' } },
    { schedule: { kind: 'warmup-stable-decay', decay: 2, shape: 'linear', final: 0 } },
    { schedule: { kind: 'staircase' } },
    { optimiser: { kind: 'adamw', beta1: 1, beta2: 0.95, epsilon: 1e-8 } },
    { optimiser: { kind: 'sgd', momentum: -0.1, nesterov: false } },
    { optimiser: { kind: 'adafactor', decay: 0.8, threshold: 1 } },
    { microBatchSize: 0 },
  ])('is not taken of a training that makes no sense: %j', (setting) => {
    expect(TrainingSpec.safeParse({ ...training, ...setting }).success).toBe(false);
  });
});

describe('a run of a classifier', () => {
  const architecture = { inputs: 100, hiddenSizes: [128], classes: 10, activation: 'relu' };
  const classifier = { ...spec, subject: { kind: 'classifier', name: 'digits', architecture, data, training } };

  it('has its own hash, and no tokenizer', async () => {
    const parsed = RunSpec.parse(classifier);
    expect(parsed.subject).not.toHaveProperty('tokenizer');
    const hashes = [
      classifier,
      { ...classifier, subject: { ...classifier.subject, architecture: { ...architecture, hiddenSizes: [128, 128] } } },
      { ...classifier, subject: { ...classifier.subject, architecture: { ...architecture, activation: 'gelu-tanh' } } },
      spec,
    ].map(async (one) => await hashOf(RunSpec.parse(one)));
    expect(new Set(await Promise.all(hashes)).size).toBe(4);
  });

  it.each([{ inputs: 0 }, { hiddenSizes: [] }, { hiddenSizes: [128, 0] }, { classes: 1 }, { activation: 'sign' }])(
    'is not taken of an architecture that makes no sense: %j',
    (setting) => {
      const changed = { ...classifier.subject, architecture: { ...architecture, ...setting } };
      const { error } = RunSpec.safeParse({ ...classifier, subject: changed });
      expect(error?.issues[0]?.path.slice(0, 2)).toEqual(['subject', 'architecture']);
    },
  );

  it('is judged by a loss that its runs report', () => {
    expect(LOSS_METRIC).toEqual({ recipe: 'natsPerByte', classifier: 'natsPerItem', checkpoint: 'natsPerByte' });
  });
});

describe('the hash of a timed run', () => {
  const timing = { against: { id: 'none', parameters: {} }, rounds: 7, sampleMs: 40 };
  const hash = (timed: object) => hashOf(RunSpec.parse({ ...spec, timing: timed }));

  it('is what it was before there was a choice of what is timed', async () => {
    expect(await hash(timing)).toBe('975f992c4889ce08449b03c419758039131c6e1f886bf4314b301a983e0c02b9');
    expect(TimingSpec.parse(timing)).toEqual(timing);
  });

  it('is another one for training and for making', async () => {
    const hashes = [hash(timing), hash({ ...timing, of: 'training' }), hash({ ...timing, of: 'making' })];
    expect(new Set(await Promise.all(hashes)).size).toBe(3);
  });

  it('is not taken where something else is to be timed', () => {
    expect(TimingSpec.safeParse({ ...timing, of: 'loading' }).success).toBe(false);
  });
});
