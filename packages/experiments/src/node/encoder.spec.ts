import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunSpec, type TechniqueSpec } from '@claimbench/contracts';
import { GENERATED_TEXTS } from '@claimbench/models';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExecutedRun, type ExecutionContext, executeRun } from './execute.ts';
import { failureOf } from './run-error.ts';

let cacheFolder: string;
beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'claimbench-encoder-'));
});
afterAll(async () => {
  await rm(cacheFolder, { recursive: true, force: true });
});

const NONE: TechniqueSpec = { id: 'none', parameters: {} };
const TERNARY: TechniqueSpec = { id: 'bitnet-bottom-up', parameters: { norm: true, lambda: 1 } };
const twoBits: TechniqueSpec = { id: 'round-to-nearest', parameters: { bits: 2, granularity: 'channel' } };

const { name, sha256 } = GENERATED_TEXTS.find((text) => text.name === 'generated-stories')!;
const data = { name, sha256 };

/** One layer on the stories, trained for 400 steps. */
function spec(technique: TechniqueSpec, changes: Partial<RunSpec> = {}) {
  return RunSpec.parse({
    version: 1,
    subject: {
      kind: 'recipe',
      name: 'one-layer',
      architecture: {
        style: 'modernbert',
        layers: 1,
        hiddenSize: 32,
        heads: 2,
        feedForwardSize: 64,
        contextLength: 32,
      },
      tokenizer: { kind: 'byte' },
      data,
      training: { tokens: 102_400, batchSize: 8, learningRate: 6e-3, warmup: 0.1, weightDecay: 0.1, gradientClip: 1 },
    },
    technique,
    evaluation: { data, split: 'validation', items: 200, windowTokens: null },
    seed: 7,
    backend: 'native',
    ...changes,
  });
}

async function run(given: RunSpec, changes: Partial<ExecutionContext> = {}): Promise<ExecutedRun> {
  return await executeRun(given, {
    dataPath: [],
    cacheFolder,
    download: false,
    base: null,
    threads: 1,
    onPoints: () => {},
    onLog: () => {},
    onProgress: () => {},
    signal: new AbortController().signal,
    ...changes,
  });
}

describe('an encoder', () => {
  let plain: ExecutedRun;
  beforeAll(async () => {
    plain = await run(spec(NONE));
  });

  it('learns to fill in, and reports no more than an encoder has', () => {
    const { metrics, items, diverged } = plain.outcome;
    expect(diverged).toBeNull();
    // Letter frequencies alone give 2.8 nats.
    expect(metrics.natsPerToken).toBeLessThan(2.4);
    // A byte is a token here.
    expect(metrics.natsPerByte).toBe(metrics.natsPerToken);
    expect(metrics.top1Accuracy).toBeGreaterThan(0.35);
    expect(items!.values).toHaveLength(200);
    expect(items!.values.reduce((sum, value) => sum + value, 0) / 200).toBeCloseTo(metrics.natsPerByte!, 10);
    for (const inside of ['stateLargest', 'gradientSpread', 'similarityMlp'])
      expect(metrics).not.toHaveProperty(inside);
  });

  it('has the same digest at any number of threads', async () => {
    expect((await run(spec(NONE), { threads: 2 })).outcome.digest).toBe(plain.outcome.digest);
  });

  it('fills in the same letters whatever it was trained from', async () => {
    const other = await run(spec(NONE, { seed: 8 }));
    const [a, b] = [plain, other].map(({ outcome }) => outcome.items!.values) as [number[], number[]];
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const [meanA, meanB] = [mean(a), mean(b)];
    const product = (left: number[], right: number[], l: number, r: number) =>
      left.reduce((sum, value, index) => sum + (value - l) * (right[index]! - r), 0);
    const correlation =
      product(a, b, meanA, meanB) / Math.sqrt(product(a, a, meanA, meanA) * product(b, b, meanB, meanB));
    expect(correlation).toBeGreaterThan(0.5);
  });

  it('is read back as it was, and rounded', async () => {
    const base = { bytes: plain.artifacts[0]!.bytes };
    const eight = await run(spec({ ...twoBits, parameters: { ...twoBits.parameters, bits: 8 } }), { base });
    expect(eight.outcome.metrics.natsPerByte).toBeCloseTo(plain.outcome.metrics.natsPerByte!, 2);
    const two = await run(spec(twoBits), { base });
    expect(two.outcome.metrics.natsPerByte).toBeGreaterThan(plain.outcome.metrics.natsPerByte! + 0.05);
  });

  it('is trained on ternary weights', async () => {
    const { metrics } = (await run(spec(TERNARY))).outcome;
    expect(metrics.natsPerByte).not.toBe(plain.outcome.metrics.natsPerByte);
    expect(metrics.natsPerByte).toBeLessThan(2.8);
    expect(metrics.bitsPerWeight).toBeLessThan(32);
  });

  it('refuses what is about decoders', async () => {
    const failure = async (given: RunSpec) => {
      try {
        await run(given);
      } catch (error) {
        return failureOf(error);
      }
      throw new Error('the run succeeded');
    };
    expect(await failure(spec({ id: 'layer-skip', parameters: {} }))).toMatchObject({
      code: 'technique-does-not-fit',
      message: expect.stringContaining('found an encoder'),
    });
    const { evaluation } = spec(NONE);
    expect(
      await failure(spec(NONE, { evaluation: { ...evaluation, probes: [{ kind: 'norm-curves' }] } })),
    ).toMatchObject({
      message: 'probes look into decoders: an encoder has its loss and its accuracy',
    });
  });
});
