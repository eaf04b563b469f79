import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunSpec, type TechniqueSpec } from '@claimbench/contracts';
import { GENERATED_TEXTS } from '@claimbench/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseOf, specHashOf } from '../plan/run-spec.ts';
import { type ExecutedRun, type ExecutionContext, executeRun } from './execute.ts';
import { failureOf } from './run-error.ts';

let cacheFolder: string;
beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'claimbench-classifier-'));
});
afterAll(async () => {
  await rm(cacheFolder, { recursive: true, force: true });
});

const NONE: TechniqueSpec = { id: 'none', parameters: {} };
const TERNARY: TechniqueSpec = { id: 'bitnet-bottom-up', parameters: { norm: true, lambda: 1 } };
const bits = (count: number): TechniqueSpec => ({
  id: 'round-to-nearest',
  parameters: { bits: count, granularity: 'channel' },
});

const { name, sha256 } = GENERATED_TEXTS.find((text) => text.name === 'generated-digits')!;
const data = { name, sha256 };

/** One hidden layer on the drawn digits, trained for 100 steps. */
function spec(technique: TechniqueSpec, changes: Record<string, unknown> = {}, subject: Record<string, unknown> = {}) {
  return RunSpec.parse({
    version: 1,
    subject: {
      kind: 'classifier',
      name: 'one-hidden',
      architecture: { inputs: 100, hiddenSizes: [32], classes: 10, activation: 'relu' },
      data,
      training: { tokens: 3_200, batchSize: 32, learningRate: 1e-2, warmup: 0.1, weightDecay: 0.1, gradientClip: 1 },
      ...subject,
    },
    technique,
    evaluation: { data, split: 'validation', items: 300, windowTokens: null },
    seed: 7,
    backend: 'native',
    ...changes,
  });
}

async function run(
  given: RunSpec,
  changes: Partial<ExecutionContext> = {},
): Promise<ExecutedRun & { steps: number[] }> {
  const steps: number[] = [];
  const executed = await executeRun(given, {
    dataPath: [],
    cacheFolder,
    download: false,
    base: null,
    threads: 1,
    onPoints: (batch) => {
      for (const { series, step } of batch) if (series === 'trainingLoss') steps.push(step);
    },
    onLog: () => {},
    onProgress: () => {},
    signal: new AbortController().signal,
    ...changes,
  });
  return { ...executed, steps };
}

async function failure(given: RunSpec) {
  try {
    await run(given);
  } catch (error) {
    return failureOf(error);
  }
  throw new Error('the run succeeded');
}

describe('a classifier', () => {
  let plain: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    plain = await run(spec(NONE));
  });

  it('learns, and reports its curve, its loss and its accuracy', () => {
    const { metrics, items, diverged } = plain.outcome;
    expect(plain.steps).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(metrics.natsPerItem).toBeLessThan(Math.log(10) - 0.2);
    expect(metrics.top1Accuracy).toBeGreaterThan(0.2);
    expect(metrics).toMatchObject({ parameters: 100 * 32 + 32 + 320 + 10, bitsPerWeight: 32, sparsity: 0 });
    expect(Object.keys(metrics)).not.toContain('natsPerByte');
    expect(items!.metric).toBe('top1Accuracy');
    expect(items!.values.reduce((sum, value) => sum + value, 0) / 300).toBeCloseTo(metrics.top1Accuracy!, 12);
    expect(diverged).toBeNull();
  });

  it('has the same digest at any number of threads, and another one from another seed', async () => {
    const again = await run(spec(NONE), { threads: 2 });
    expect(again.outcome.digest).toBe(plain.outcome.digest);
    expect(again.artifacts.map((one) => one.sha256)).toEqual(plain.artifacts.map((one) => one.sha256));
    expect((await run(spec(NONE, { seed: 8 }))).outcome.digest).not.toBe(plain.outcome.digest);
  });

  it('is close to what the reference computes', async () => {
    const short = { training: { ...training(), tokens: 320 } };
    const [native, reference] = await Promise.all([
      run(spec(TERNARY, {}, short)),
      run(spec(TERNARY, { backend: 'reference' }, short)),
    ]);
    expect(reference.outcome.metrics.natsPerItem).toBeCloseTo(native.outcome.metrics.natsPerItem!, 2);
  });

  it('is trained on ternary weights in every layer', async () => {
    const { outcome, artifacts } = await run(spec(TERNARY));
    const { natsPerItem, bitsPerWeight, modelBytes } = outcome.metrics;
    expect(natsPerItem).toBeLessThan(Math.log(10) - 0.1);
    expect(natsPerItem).not.toBe(plain.outcome.metrics.natsPerItem);
    // Two bits a weight and a number a layer; 42 biases in f32.
    expect(bitsPerWeight).toBeCloseTo(2 + (2 * 32) / 3520, 10);
    expect(modelBytes).toBe(3520 / 4 + 2 * 4 + 42 * 4);
    expect(artifacts).toEqual([]);
  });

  it('is rounded after its training, from the trained base', async () => {
    const rounded = spec(bits(2));
    expect(await specHashOf(baseOf(rounded)!)).toBe(await specHashOf(spec(NONE)));
    expect(await failure(rounded)).toMatchObject({ code: 'base-failed' });
    const base = { bytes: plain.artifacts[0]!.bytes };
    const loss = async (count: number) => (await run(spec(bits(count)), { base })).outcome.metrics;
    const [eight, two] = [await loss(8), await loss(2)];
    expect(eight.natsPerItem).toBeCloseTo(plain.outcome.metrics.natsPerItem!, 2);
    expect(two.natsPerItem).toBeGreaterThan(plain.outcome.metrics.natsPerItem! + 0.1);
    expect(two.bitsPerWeight).toBeLessThan(4);
    expect(two.quantizationError).toBeGreaterThan(0.2);
  });

  it('that failed to train counts as knowing how often each class occurs, and so does what starts from it', async () => {
    const wild = { training: { ...training(), learningRate: 10, gradientClip: null } };
    const failed = await run(spec(NONE, {}, wild));
    expect(failed.outcome.diverged).not.toBeNull();
    expect(failed.outcome.items).toBeNull();
    expect(failed.outcome.metrics.natsPerItem).toBeCloseTo(Math.log(10), 1);
    const after = await run(spec(bits(4), {}, wild), { base: { bytes: failed.artifacts[0]!.bytes } });
    expect(after.outcome.metrics.natsPerItem).toBe(failed.outcome.metrics.natsPerItem);
    expect(after.outcome.diverged).toEqual(failed.outcome.diverged);
  });

  it('goes on where an earlier attempt was cut, to the same bits', async () => {
    const path = join(cacheFolder, 'cut.safetensors');
    const cut = new AbortController();
    const savedTraining = { path, everySeconds: 0 };
    await expect(
      run(spec(NONE), {
        savedTraining,
        signal: cut.signal,
        onProgress: (share) => {
          if (share > 0.3) cut.abort();
        },
      }),
    ).rejects.toMatchObject({ code: 'cancelled' });
    const log: string[] = [];
    const resumed = await run(spec(NONE), { savedTraining, onLog: (_, message) => log.push(message) });
    expect(log.some((message) => /going on behind step \d+/.test(message))).toBe(true);
    expect(resumed.outcome.digest).toBe(plain.outcome.digest);
  });
});

function training() {
  const { subject } = spec(NONE);
  if (subject.kind !== 'classifier') throw new Error('a classifier was made');
  return subject.training;
}

describe('a run of a classifier that cannot be', () => {
  const text = GENERATED_TEXTS.find((one) => one.name === 'generated-copy')!;
  const other = { name: text.name, sha256: text.sha256 };

  it.each([
    [
      'technique-does-not-fit',
      spec({ id: 'rms-norm', parameters: {} }),
      'rms-norm does not fit: it acts on a decoder, found a multi-layer perceptron (100 to 32 to 10 features)',
    ],
    ['technique-does-not-fit', spec({ id: 'low-bit-training', parameters: {} }), 'it acts on a decoder'],
    ['technique-does-not-fit', spec({ id: 'gptq', parameters: {} }), 'it acts on a decoder'],
    ['technique-does-not-fit', spec({ id: 'drop-layers', parameters: {} }), 'it acts on a decoder'],
    [
      'technique-does-not-fit',
      spec({ id: 'round-to-nearest', parameters: { granularity: 'group', groupSize: 64 } }),
      'groups of 64 inputs, but fc2 has 32',
    ],
    [
      'technique-does-not-fit',
      spec(NONE, { timing: { against: NONE, rounds: 3, sampleMs: 1 } }),
      'only decoders are timed',
    ],
    [
      'invalid-spec',
      spec(NONE, {
        evaluation: { data, split: 'test', items: 10, windowTokens: null, probes: [{ kind: 'agreement' }] },
      }),
      'probes look into decoders',
    ],
    [
      'invalid-spec',
      spec(NONE, { evaluation: { data: other, split: 'test', items: 10, windowTokens: null } }),
      'generated-copy has no examples. Data with examples: generated-digits',
    ],
    ['invalid-spec', spec(NONE, {}, { data: other }), 'generated-copy has no examples'],
    [
      'invalid-spec',
      spec(NONE, {}, { architecture: { inputs: 90, hiddenSizes: [8], classes: 10, activation: 'relu' } }),
      'reads 90 signs and knows 10 classes; generated-digits has examples of 100 signs in 10 classes',
    ],
    [
      'invalid-spec',
      spec(NONE, { evaluation: { data, split: 'test', items: 10, windowTokens: 8 } }),
      'windowTokens must be null',
    ],
    [
      'invalid-spec',
      spec(NONE, { evaluation: { data, split: 'test', items: 9_000, windowTokens: null } }),
      '9000 examples were asked for; generated-digits has',
    ],
  ] as const)('fails as %s, in words', async (code, given, message) => {
    const found = await failure(given);
    expect(found.message).toContain(message);
    expect(found.code).toBe(code);
  });
});
