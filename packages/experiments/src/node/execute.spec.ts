import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DecoderArchitecture, type Outcome, type Point, RunSpec, type TechniqueSpec } from '@claimbench/contracts';
import {
  byteTokenizer,
  Decoder,
  decoderConfig,
  encodeModel,
  GENERATED_TEXTS,
  NODE_DOCS,
  parameterSpecs,
} from '@claimbench/models';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { baseOf, specHashOf } from '../plan/run-spec.ts';
import { techniqueDescriptors } from '../plan/technique.ts';
import { type ExecutedRun, type ExecutionContext, executeRun } from './execute.ts';
import { backendOptions, readResources } from './resources.ts';
import { failureOf } from './run-error.ts';

const DATA_PATH = (
  process.env.CLAIMBENCH_DATA_PATH ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url))
)
  .split(':')
  .filter((folder) => folder !== '');

let cacheFolder: string;
beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'claimbench-experiments-'));
});
afterAll(async () => {
  await rm(cacheFolder, { recursive: true, force: true });
});

const SMALL = { style: 'gpt2', layers: 1, hiddenSize: 32, heads: 2, feedForwardSize: 64, contextLength: 32 };

/** One layer on the real text, trained for 160 steps: about a second. */
function spec(
  technique: TechniqueSpec,
  changes: Partial<RunSpec> = {},
  training: Record<string, unknown> = {},
): RunSpec {
  const data = { name: NODE_DOCS.name, sha256: NODE_DOCS.sha256 };
  return RunSpec.parse({
    version: 1,
    subject: {
      kind: 'recipe',
      name: 'one-layer',
      architecture: SMALL,
      tokenizer: { kind: 'byte' },
      data,
      training: {
        tokens: 40_960,
        batchSize: 8,
        learningRate: 1e-2,
        warmup: 0.1,
        weightDecay: 0.1,
        gradientClip: 1,
        ...training,
      },
    },
    technique,
    evaluation: { data, split: 'validation', items: 40, windowTokens: null },
    seed: 7,
    backend: 'native',
    ...changes,
  });
}

const NONE: TechniqueSpec = { id: 'none', parameters: {} };
const bits = (count: number): TechniqueSpec => ({
  id: 'round-to-nearest',
  parameters: { bits: count, granularity: 'tensor' },
});

interface Watched extends ExecutedRun {
  readonly points: Point[];
  readonly log: string[];
  readonly progress: number[];
}

async function run(
  given: RunSpec,
  changes: Partial<ExecutionContext> = {},
  execute: typeof executeRun = executeRun,
): Promise<Watched> {
  const points: Point[] = [];
  const log: string[] = [];
  const progress: number[] = [];
  const executed = await execute(given, {
    dataPath: DATA_PATH,
    cacheFolder,
    download: false,
    base: null,
    threads: 1,
    onPoints: (batch) => points.push(...batch),
    onLog: (level, message) => log.push(`${level}: ${message}`),
    onProgress: (share) => progress.push(share),
    signal: new AbortController().signal,
    ...changes,
  });
  return { ...executed, points, log, progress };
}

async function failure(given: RunSpec, changes: Partial<ExecutionContext> = {}) {
  try {
    await run(given, changes);
  } catch (error) {
    return failureOf(error);
  }
  throw new Error('the run succeeded');
}

/** What may differ between two executions of a spec: when and where, nothing else. */
function reproducible({ metrics, items, diverged, digest }: Outcome) {
  return { metrics, items, diverged, digest };
}

describe('a run that trains', () => {
  let base: Watched;
  beforeAll(async () => {
    base = await run(spec(NONE));
  });

  it('learns, and reports curves, metrics and where it ran', () => {
    const { outcome, points, progress } = base;
    const losses = points.filter((point) => point.series === 'trainingLoss');
    expect(losses.map(({ step }) => step)).toEqual(Array.from({ length: 160 }, (_, index) => index + 1));
    expect(losses.at(-1)!.value).toBeLessThan(losses[0]!.value - 1);
    expect(new Set(points.map((point) => point.series))).toEqual(
      new Set(['trainingLoss', 'gradientNorm', 'learningRate', 'tokensPerSecond']),
    );
    expect(outcome.metrics.natsPerByte).toBeGreaterThan(1);
    expect(outcome.metrics.natsPerByte).toBeLessThan(4);
    expect(outcome.metrics).toMatchObject({
      bitsPerWeight: 32,
      sparsity: 0,
      quantizationError: 0,
      layerEvaluations: 2,
    });
    const { values } = outcome.items!;
    expect(values).toHaveLength(40);
    expect(values.reduce((a, b) => a + b, 0) / 40).toBeCloseTo(outcome.metrics.natsPerByte!, 10);
    expect(outcome.diverged).toBeNull();
    expect(outcome.environment).toMatchObject({ backend: 'native', threads: 1, evaluationDataHash: NODE_DOCS.sha256 });
    expect(outcome.environment.gitCommit).toMatch(/^([0-9a-f]{40}|unknown)$/);
    expect(progress.at(-1)).toBe(1);
    expect([...progress].sort((a, b) => a - b)).toEqual(progress);
  });

  it('gives the same numbers from the one file that workers load', async () => {
    const bundled: typeof import('./executor.ts') = await import('@claimbench/experiments/executor');
    expect(bundled.executeRun).not.toBe(executeRun);
    const { outcome } = await run(spec(NONE), {}, bundled.executeRun);
    expect(reproducible(outcome)).toEqual(reproducible(base.outcome));
  });

  it('gives the same numbers and the same checkpoint again, on one thread and on two', async () => {
    for (const threads of [1, 2]) {
      const again = await run(spec(NONE), { threads });
      expect(reproducible(again.outcome)).toEqual(reproducible(base.outcome));
      expect(again.artifacts[0]!.sha256).toBe(base.artifacts[0]!.sha256);
    }
  });

  it('follows the optimiser, the schedule and the parts of a batch that its recipe names', async () => {
    const optimiser = { kind: 'lion', beta1: 0.9, beta2: 0.99 };
    const schedule = { kind: 'warmup-stable-decay', decay: 0.2, shape: 'linear', final: 0 };
    const given = { learningRate: 4e-3, optimiser, schedule, microBatchSize: 3 };
    const lion = await run(spec(NONE, {}, given));
    expect(lion.outcome.diverged).toBeNull();
    const rates = lion.points.filter(({ series }) => series === 'learningRate').map(({ value }) => value);
    expect(rates.slice(16, 129)).toEqual(Array.from({ length: 113 }, () => 4e-3));
    expect(rates.at(-1)).toBeLessThan(4e-4);
    const lossOf = ({ points }: Watched, step: number) =>
      points.find((point) => point.series === 'trainingLoss' && point.step === step)!.value;
    // the parts add up to the same first loss; from then on it is another optimiser
    expect(lossOf(lion, 1)).toBeCloseTo(lossOf(base, 1), 5);
    expect(lossOf(lion, 160)).not.toBeCloseTo(lossOf(base, 160), 3);
    expect(lossOf(lion, 160)).toBeLessThan(lossOf(lion, 1) - 1);
  });

  it('gives other numbers for another seed', async () => {
    const other = await run(spec(NONE, { seed: 8 }));
    expect(other.outcome.digest).not.toBe(base.outcome.digest);
    expect(other.outcome.metrics.natsPerByte).not.toBe(base.outcome.metrics.natsPerByte);
  });

  it('trains the architecture that a technique asks for', async () => {
    const rms = await run(spec({ id: 'rms-norm', parameters: {} }));
    expect(rms.outcome.metrics.parameters).toBeLessThan(base.outcome.metrics.parameters!);
    expect(rms.outcome.metrics.natsPerByte).not.toBe(base.outcome.metrics.natsPerByte);
  });

  it('runs on the reference backend too, close to the native one', async () => {
    const short = { tokens: 1024 };
    const native = await run(spec(NONE, {}, short));
    const reference = await run(spec(NONE, { backend: 'reference' }, short));
    expect(reference.outcome.environment.backend).toBe('reference');
    expect(reference.outcome.metrics.natsPerByte).toBeCloseTo(native.outcome.metrics.natsPerByte!, 4);
  });
});

describe('a run that is cut while it trains', () => {
  const path = () => join(cacheFolder, 'saved', 'run-1.safetensors');
  const saving = () => ({ path: path(), everySeconds: 0 });
  const layerDrop = { id: 'layer-drop', parameters: {} };
  const deep = { subject: { ...spec(NONE).subject, architecture: { ...SMALL, layers: 3 } } } as Partial<RunSpec>;

  /** Executes until so many steps have been reported, as a worker does that is killed then. */
  const cutAfter = async (given: RunSpec, steps: number, threads: number) => {
    const controller = new AbortController();
    let reported = 0;
    const found = await failure(given, {
      threads,
      savedTraining: saving(),
      signal: controller.signal,
      onProgress: () => {
        reported += 1;
        if (reported === steps) controller.abort();
      },
    });
    expect(found.code).toBe('cancelled');
  };
  const untimed = ({ points }: Watched) => points.filter(({ series }) => series !== 'tokensPerSecond');

  it.each([
    { name: 'without a technique', given: spec(NONE) },
    { name: 'with layers dropped at random', given: spec(layerDrop, deep) },
    // 40 steps on the first text: cut once in each
    { name: 'on a second text', given: tunedOn('generated-stories', layerDrop, 12_288, 30_720) },
  ])('has the digest of one that is not, at one thread and at two: $name', async ({ given }) => {
    const whole = await run(given);
    await rm(path(), { force: true });
    await cutAfter(given, 40, 1);
    await cutAfter(given, 90, 2);
    const resumed = await run(given, { threads: 2, savedTraining: saving() });
    expect(resumed.log.join('\n')).toMatch(/going on behind step (8|9)\d,/);
    expect(reproducible(resumed.outcome)).toEqual(reproducible(whole.outcome));
    expect(resumed.artifacts.map(({ sha256 }) => sha256)).toEqual(whole.artifacts.map(({ sha256 }) => sha256));
    expect(untimed(resumed)).toEqual(untimed(whole));
    const timed = resumed.points.filter(({ series }) => series === 'tokensPerSecond');
    expect(timed[0]!.step).toBeGreaterThan(80);
  });

  it('starts anew, and says so, from a file of another run or a damaged one', async () => {
    await rm(path(), { force: true });
    await cutAfter(spec(NONE), 30, 1);
    const other = spec(NONE, { seed: 8 });
    const want = (await run(other)).outcome.digest;
    const found = await run(other, { savedTraining: saving() });
    expect(found.log.join('\n')).toMatch(
      /warn: an earlier attempt's training is of no use, starting anew: .*expected that of/,
    );
    expect(found.outcome.digest).toBe(want);
    await writeFile(path(), 'half a fi');
    const damaged = await run(other, { savedTraining: saving() });
    expect(damaged.log.join('\n')).toMatch(/warn: .*starting anew/);
    expect(damaged.outcome.digest).toBe(want);
  });

  it('is saved no more often than asked', async () => {
    await rm(path(), { force: true });
    await run(spec(NONE), { savedTraining: { path: path(), everySeconds: 1000 } });
    expect(existsSync(path())).toBe(false);
  });
});

/** Trained on one text, then on another one; judged on that. */
function tunedOn(name: string, technique: TechniqueSpec, first: number, second: number, rateShare = 0.5): RunSpec {
  const { sha256 } = GENERATED_TEXTS.find((text) => text.name === name)!;
  const data = { name, sha256 };
  const made = spec(technique, {}, { tokens: first });
  if (made.subject.kind !== 'recipe') throw new Error('a recipe was made');
  const fineTuning = { data, tokens: second, rateShare };
  const subject = { ...made.subject, architecture: { ...made.subject.architecture, layers: 3 }, fineTuning };
  return RunSpec.parse({ ...made, subject, evaluation: { ...made.evaluation, data } });
}

describe('a run that is trained on a second text', () => {
  const loss = ({ outcome }: Watched) => outcome.metrics.natsPerByte!;
  const none = (second: number, rateShare?: number) => tunedOn('generated-stories', NONE, 20_480, second, rateShare);

  it('goes on from the first in its tokens, at a rate of its own, and learns the second', async () => {
    const tuned = await run(none(10_240));
    const { fineTuning: _, ...first } = none(1).subject as RunSpec['subject'] & { kind: 'recipe' };
    const untuned = await run({ ...none(1), subject: first });
    expect(loss(tuned)).toBeLessThan(loss(untuned) - 0.3);
    const series = (name: string) => tuned.points.filter((point) => point.series === name);
    expect(series('trainingLoss').map(({ step }) => step)).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
    // the first text is trained on as without the second
    const before = untuned.points.filter(({ series }) => series === 'trainingLoss');
    expect(series('trainingLoss').slice(0, 80)).toEqual(before);
    const rates = series('learningRate').map(({ value }) => value);
    expect(Math.max(...rates.slice(0, 80))).toBe(1e-2);
    expect(Math.max(...rates.slice(80))).toBe(5e-3);
    expect(rates[80]).toBeLessThan(5e-3 / 3);
    expect(tuned.outcome.metrics.trainingLoss).toBeLessThan(untuned.outcome.metrics.trainingLoss!);
    const again = await run(none(10_240), { threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(tuned.outcome));
  });

  it('is a base for what acts afterwards, which looks at the second text', async () => {
    const base = await run(none(10_240));
    const given = { ...none(10_240), technique: { id: 'gptq', parameters: { bits: 3 } } };
    expect(baseOf(given)).toEqual(none(10_240));
    const rounded = await run(given, { base: { bytes: base.artifacts[0]!.bytes } });
    expect(loss(rounded)).not.toBe(loss(base));
    const { subject } = none(10_240);
    if (subject.kind !== 'recipe') throw new Error('a recipe was made');
    const missing = { ...subject, data: { ...subject.data, sha256: '0'.repeat(64) } };
    const same = await run({ ...given, subject: missing }, { base: { bytes: base.artifacts[0]!.bytes } });
    expect(loss(same)).toBe(loss(rounded));
  });

  it('counts as the frequencies of the second text where it fails', async () => {
    const wild = await run(none(10_240, 10));
    const failed = wild.outcome.diverged;
    if (failed === null) throw new Error('it was to fail');
    expect(failed.step).toBeGreaterThan(80);
    expect(wild.outcome.metrics.natsPerByte).toBeGreaterThan(2);
    expect(wild.outcome.metrics.natsPerByte).toBeLessThan(3.2);
  });

  it('is refused where the second text is not what was asked for', async () => {
    const given = none(10_240);
    if (given.subject.kind !== 'recipe') throw new Error('a recipe was made');
    const data = { name: 'generated-stories', sha256: '0'.repeat(64) };
    const fineTuning = { ...given.subject.fineTuning!, data };
    expect(await failure({ ...given, subject: { ...given.subject, fineTuning } })).toMatchObject({
      code: 'hash-mismatch',
    });
  });
});

describe('a technique on a model that another one has trained', () => {
  const joined = (training: TechniqueSpec, after: TechniqueSpec): TechniqueSpec => {
    return { id: 'after-training', parameters: { training, after } };
  };
  const nothing = { id: 'drop-layers', parameters: { count: 0 } };
  const on = (technique: TechniqueSpec, training = { tokens: 30_720, learningRate: 6e-3 }): RunSpec => {
    const made = spec(technique, {}, training);
    if (made.subject.kind !== 'recipe') throw new Error('a recipe was made');
    return { ...made, subject: { ...made.subject, architecture: { ...made.subject.architecture, layers: 4 } } };
  };
  const loss = ({ outcome }: Watched) => outcome.metrics.natsPerByte!;
  /** For what learns slowly. */
  const LONG = { tokens: 163_840, learningRate: 4e-3 };

  it('leaves a layer out of a model with other norms', async () => {
    const mix = { id: 'mix-ln', parameters: { share: 0.25 } };
    const drop = { id: 'drop-layers', parameters: { select: 'listed', layers: [2] } };
    const given = on(joined(mix, drop), LONG);
    expect(baseOf(given)).toEqual(on(mix, LONG));
    const base = await run(on(mix, LONG));
    expect(base.outcome.diverged).toBeNull();
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    expect(loss(await run(on(joined(mix, nothing), LONG), options))).toBe(loss(base));
    const cut = await run(given, options);
    expect(cut.outcome.metrics.layerEvaluations).toBe(6);
    expect(loss(cut)).not.toBe(loss(base));
    expect(cut.artifacts).toEqual([]);
    const pruned = await run(on(joined(mix, { id: 'magnitude', parameters: { sparsity: 0.9 } }), LONG), options);
    expect(pruned.outcome.metrics.sparsity).toBeCloseTo(0.9, 2);
    expect(loss(pruned)).toBeGreaterThan(loss(base));
    const again = await run(given, { ...options, threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(cut.outcome));
  });

  it('does after a way of training what a setting of that one does', async () => {
    const training = { id: 'layer-drop', parameters: { rate: 0.3 } };
    const base = await run(on(training));
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const own = await run(on({ id: 'layer-drop', parameters: { rate: 0.3, dropped: 1 } }), options);
    const ours = await run(
      on(joined(training, { id: 'drop-layers', parameters: { select: 'even', count: 1 } })),
      options,
    );
    expect(loss(ours)).toBe(loss(own));
    expect(loss(ours)).not.toBe(loss(base));
  });

  const trained = techniqueDescriptors().filter(({ seam }) => seam === 'architecture' || seam === 'training');
  it.each(trained.map(({ id }) => id))('finds the very model again, whatever trained it: %s', async (id) => {
    // Dynamic Tanh learns in time where the model has one layer.
    const learning = (technique: TechniqueSpec) =>
      id === 'dynamic-tanh'
        ? spec(technique, {}, { tokens: LONG.tokens })
        : on(technique, id === 'mix-ln' ? LONG : undefined);
    const base = await run(learning({ id, parameters: {} }));
    // else both would count as knowing no more than how often each token occurs
    expect(base.outcome.diverged).toBeNull();
    // Weights on a grid stand as they are; a plan that was laid down stands as well.
    const changesNothing = id === 'low-bit-training' ? nothing : { id: 'magnitude', parameters: { sparsity: 0 } };
    const given = learning(joined({ id, parameters: {} }, changesNothing));
    const again = await run(given, { base: { bytes: base.artifacts[0]!.bytes } });
    expect(loss(again)).toBe(loss(base));
    expect(again.outcome.metrics.modelBytes).toBe(base.outcome.metrics.modelBytes);
  });
});

describe('a run on a trained base', () => {
  let base: Watched;
  let bytes: Uint8Array;
  beforeAll(async () => {
    base = await run(spec(NONE));
    bytes = base.artifacts[0]!.bytes;
  });

  it('starts exactly where the base ended: nothing done changes nothing', async () => {
    const kept = await run(spec({ id: 'magnitude', parameters: { sparsity: 0 } }), { base: { bytes } });
    expect(kept.outcome.metrics.natsPerByte).toBe(base.outcome.metrics.natsPerByte);
    expect(kept.outcome.metrics.sparsity).toBe(0);
  });

  it('loses more with fewer bits, and says what they cost', async () => {
    const eight = await run(spec(bits(8)), { base: { bytes } });
    const two = await run(spec(bits(2)), { base: { bytes } });
    const loss = (executed: Watched) => executed.outcome.metrics.natsPerByte!;
    expect(Math.abs(loss(eight) - loss(base))).toBeLessThan(0.02);
    expect(loss(two)).toBeGreaterThan(loss(eight) + 0.01);
    expect(two.outcome.metrics.bitsPerWeight).toBeLessThan(3);
    expect(two.outcome.metrics.modelBytes).toBeLessThan(eight.outcome.metrics.modelBytes!);
    expect(two.outcome.metrics.parameters).toBe(base.outcome.metrics.parameters);
    expect(two.points).toEqual([]);
    const again = await run(spec(bits(2)), { base: { bytes }, threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(two.outcome));
  });

  it('can leave layers out', async () => {
    const attention = { id: 'drop-sublayers', parameters: { part: 'attention', select: 'first', count: 1 } };
    const { outcome } = await run(spec(attention), { base: { bytes } });
    expect(outcome.metrics.layerEvaluations).toBe(1);
    expect(outcome.metrics.natsPerByte).not.toBe(base.outcome.metrics.natsPerByte);
  });

  it('shows training text to techniques that look at data, the same for a seed', async () => {
    const similar = (windows: number): TechniqueSpec => {
      return { id: 'attention-drop', parameters: { target: 'joint', count: 1, windows } };
    };
    const { outcome } = await run(spec(similar(16)), { base: { bytes } });
    expect(outcome.metrics).toMatchObject({ layerEvaluations: 1 });
    expect(outcome.metrics.modelBytes).toBeLessThan(base.outcome.metrics.modelBytes!);
    expect(outcome.metrics.natsPerByte).not.toBe(base.outcome.metrics.natsPerByte);
    const again = await run(spec(similar(16)), { base: { bytes }, threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(outcome));
  });

  it('reads the base from a file as well', async () => {
    const path = join(cacheFolder, 'base.safetensors');
    await writeFile(path, bytes);
    const fromFile = await run(spec(bits(8)), { base: { path } });
    const fromBytes = await run(spec(bits(8)), { base: { bytes } });
    expect(fromFile.outcome.digest).toBe(fromBytes.outcome.digest);
  });

  it('fails with a clear code without a base, or with a broken one', async () => {
    expect(baseOf(spec(bits(8)))).toEqual(spec(NONE));
    expect(await failure(spec(bits(8)))).toMatchObject({ code: 'base-failed' });
    const missing = await failure(spec(bits(8)), { base: { path: join(cacheFolder, 'nowhere') } });
    expect(missing).toMatchObject({ code: 'data-unavailable', message: expect.stringContaining('nowhere') });
    for (const broken of [bytes.slice(0, bytes.length - 100), bytes.slice(0, 20), new Uint8Array(0)]) {
      expect(await failure(spec(bits(8)), { base: { bytes: broken } })).toMatchObject({ code: 'bad-checkpoint' });
    }
  });
});

describe('a technique in training', () => {
  const layerSkip = (parameters: TechniqueSpec['parameters']): TechniqueSpec => ({ id: 'layer-skip', parameters });
  const two = (technique: TechniqueSpec): RunSpec => {
    const made = spec(technique);
    if (made.subject.kind !== 'recipe') throw new Error('a recipe was made');
    return { ...made, subject: { ...made.subject, architecture: { ...made.subject.architecture, layers: 2 } } };
  };

  it('trains its own model, which the settings that act afterwards start from', async () => {
    const whole = two(layerSkip({ scale: 1, curriculum: 'all' }));
    const early = two(layerSkip({ scale: 1, curriculum: 'all', exit: 1 }));
    expect(baseOf(whole)).toBeNull();
    expect(baseOf(early)).toMatchObject({ technique: { id: 'layer-skip', parameters: { exit: null, scale: 1 } } });
    const base = await run(whole);
    const exit = await run(early, { base: { bytes: base.artifacts[0]!.bytes } });
    expect(exit.artifacts).toEqual([]);
    expect(exit.points).toEqual([]);
    expect(exit.outcome.metrics.layerEvaluations).toBe(2);
    const loss = ({ outcome }: Watched) => outcome.metrics.natsPerByte!;
    expect(loss(exit)).not.toBe(loss(base));

    // Stopping after one of two layers is leaving the last one out.
    const cut = { id: 'drop-layers', parameters: { select: 'last', count: 1 } };
    const same = await run(two(cut), { base: { bytes: base.artifacts[0]!.bytes } });
    expect(loss(exit)).toBe(loss(same));
    const again = await run(whole, { threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(base.outcome));
  });

  it('counts what writing with its exit as the draft costs, and what a draft of its own would', async () => {
    const base = await run(two(NONE));
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const speculative = (draft: string): TechniqueSpec => {
      return { id: 'self-speculative', parameters: { exit: 1, tokens: 3, draft } };
    };
    const { metrics: shared } = (await run(two(speculative('shared')), options)).outcome;
    const { metrics: independent } = (await run(two(speculative('independent')), options)).outcome;
    expect(shared.natsPerByte).toBe(base.outcome.metrics.natsPerByte);
    expect(shared.acceptedShare).toBeGreaterThan(0.1);
    expect(shared.acceptedShare).toBeLessThan(1);
    expect(independent.acceptedShare).toBe(shared.acceptedShare);
    expect(shared.layersPerToken).toBeGreaterThan(2);
    expect(independent.layersPerToken).toBeGreaterThan(shared.layersPerToken! + 0.5);
    expect(shared.decodingBytes).toBeGreaterThan(shared.modelBytes!);
    expect(independent.decodingBytes).toBeGreaterThan(1.5 * shared.decodingBytes!);
    expect(base.outcome.metrics).not.toHaveProperty('layersPerToken');
  });

  it('can keep the weights in few bits from the first step, also in the checkpoint that others start from', async () => {
    const ternary: TechniqueSpec = { id: 'low-bit-training', parameters: { quantizer: 'absmean', bits: 4 } };
    const plain = await run(two(NONE));
    const base = await run(two(ternary));
    const { natsPerByte, bitsPerWeight, parameters } = base.outcome.metrics;
    expect(bitsPerWeight).toBeLessThan(1.7);
    expect(parameters).toBe(plain.outcome.metrics.parameters);
    expect(natsPerByte).toBeGreaterThan(plain.outcome.metrics.natsPerByte!);
    expect(natsPerByte).toBeLessThan(plain.outcome.metrics.natsPerByte! + 0.4);
    const timing = { against: NONE, rounds: 3, sampleMs: 1 };
    expect(baseOf({ ...two(ternary), timing })).toEqual(two(ternary));
    // The checkpoint has the weights on their grid: without the technique it is the same model, in 32 bits.
    const loaded = await run(two(bits(8)), { base: { bytes: base.artifacts[0]!.bytes } });
    expect(loaded.outcome.metrics.natsPerByte).toBeCloseTo(natsPerByte!, 3);
    const again = await run(two(ternary), { threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(base.outcome));
  });

  it.each([
    layerSkip({ rate: 0, scale: 0, curriculum: 'last' }),
    { id: 'layer-drop', parameters: { rate: 0 } },
    { id: 'stochastic-depth', parameters: { rate: 0 } },
  ])('that changes nothing trains the plain model: $id', async (technique) => {
    const plain = await run(two(NONE));
    const ours = await run(two(technique));
    expect(ours.outcome.metrics.natsPerByte).toBeCloseTo(plain.outcome.metrics.natsPerByte!, 4);
    const dropped = { ...technique, parameters: { ...technique.parameters, rate: 0.5 } };
    expect((await run(two(dropped))).outcome.metrics.natsPerByte).not.toBe(ours.outcome.metrics.natsPerByte);
  });
});

describe('what is measured beside the loss', () => {
  const sorting = GENERATED_TEXTS.find(({ name }) => name === 'generated-sorting')!;
  const choices = { kind: 'choices', choices: 4, contextWords: 3, choiceWords: 1 } as const;
  /** On the text that the probe needs, with the other part of the spec as always. */
  const asking = (technique: TechniqueSpec, probes: RunSpec['evaluation']['probes'], training = {}): RunSpec => {
    const made = spec(technique, {}, training);
    return { ...made, evaluation: { ...made.evaluation, probes } };
  };

  it('is agreement with the trained model that a technique starts from, and choices; the digest knows of them', async () => {
    const probes = [{ kind: 'agreement' } as const, choices];
    const plain = await run(spec(NONE));
    const base = await run(asking(NONE, probes));
    expect(plain.outcome).not.toHaveProperty('probeItems');
    const { natsPerByte, top1Agreement, klDivergence, choiceAccuracy } = base.outcome.metrics;
    expect(natsPerByte).toBe(plain.outcome.metrics.natsPerByte);
    expect(top1Agreement).toBe(1);
    expect(klDivergence).toBe(0);
    expect(choiceAccuracy).toBeGreaterThan(0.25);
    expect(choiceAccuracy).toBeLessThan(1);
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const fine = await run(asking(bits(6), probes), options);
    const coarse = await run(asking(bits(3), probes), options);
    expect(fine.outcome.metrics.top1Agreement).toBeGreaterThan(coarse.outcome.metrics.top1Agreement!);
    expect(fine.outcome.metrics.klDivergence).toBeGreaterThan(0);
    expect(fine.outcome.metrics.klDivergence).toBeLessThan(coarse.outcome.metrics.klDivergence!);
    const lists = coarse.outcome.probeItems!;
    expect(lists.map(({ metric }) => metric)).toEqual(['top1Agreement', 'klDivergence', 'choiceAccuracy']);
    for (const { metric, values } of lists) {
      expect(values).toHaveLength(40);
      expect(values.reduce((sum, value) => sum + value, 0) / 40, metric).toBeCloseTo(
        coarse.outcome.metrics[metric]!,
        9,
      );
    }
    const again = await run(asking(bits(3), probes), { ...options, threads: 2 });
    expect(again.outcome).toMatchObject({ probeItems: lists, digest: coarse.outcome.digest });
  });

  it('is the error of the residual stream against the trained model that a technique starts from', async () => {
    const probes = [{ kind: 'state-errors' } as const];
    const base = await run(asking(NONE, probes));
    expect(base.outcome.metrics).toMatchObject({ stateErrorEarly: 0, stateErrorLate: 0 });
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const fine = (await run(asking(bits(6), probes), options)).outcome;
    const coarse = (await run(asking(bits(3), probes), options)).outcome;
    for (const metric of ['stateErrorEarly', 'stateErrorLate']) {
      expect(fine.metrics[metric], metric).toBeGreaterThan(0);
      expect(fine.metrics[metric], metric).toBeLessThan(coarse.metrics[metric]!);
      const { values } = coarse.probeItems!.find((list) => list.metric === metric)!;
      expect(values).toHaveLength(40);
      expect(values.reduce((sum, value) => sum + value, 0) / 40).toBeCloseTo(coarse.metrics[metric]!, 9);
    }
    expect(await failure(asking({ id: 'rms-norm', parameters: {} }, probes))).toMatchObject({
      code: 'technique-does-not-fit',
      message: expect.stringContaining('errors of states are against the trained model'),
    });
  });

  it('is how tanh-like norms are: wholly so where each is a tanh, and nothing where there are none', async () => {
    const curves = async (id: string, training = {}) =>
      (await run(asking({ id, parameters: {} }, [{ kind: 'norm-curves' }], training))).outcome;
    const { metrics, diverged } = await curves('dynamic-tanh', { tokens: 163_840 });
    expect(diverged).toBeNull();
    expect(metrics.tanhShare).toBe(1);
    expect(metrics.tanhGain).toBeGreaterThan(0.999);
    const { tanhShare, tanhGain } = (await curves('layer-norm')).metrics;
    expect(tanhGain).toBeLessThan(0.99);
    expect([0, 1, 2, 3].map((norms) => norms / 3)).toContain(tanhShare);
    expect((await curves('no-norm')).metrics).not.toHaveProperty('tanhShare');
  });

  it('is what products take: one multiplication a weight, or one for each group and plane', async () => {
    const products = async (technique: TechniqueSpec, base?: Uint8Array) =>
      await run(asking(technique, [{ kind: 'products' }]), { base: base ? { bytes: base } : null });
    const dense = await products(NONE);
    expect(dense.outcome.metrics.multiplicationsPerWeight).toBe(1);
    expect(dense.outcome.metrics).not.toHaveProperty('valuesPerWeight');
    const base = dense.artifacts[0]!.bytes;
    const grouped = { groupSize: 16 };
    const planes = (await products({ id: 'ptqtp-planes', parameters: grouped }, base)).outcome.metrics;
    const values = (await products({ id: 'ptqtp', parameters: grouped }, base)).outcome.metrics;
    const binary = (await products({ id: 'binary-weights', parameters: grouped }, base)).outcome.metrics;
    expect(planes.multiplicationsPerWeight).toBe(2 / 16);
    expect(binary.multiplicationsPerWeight).toBe(1 / 16);
    expect(values.multiplicationsPerWeight).toBe(1);
    expect(planes.valuesPerWeight).toBeGreaterThan(8);
    expect(binary.valuesPerWeight).toBe(2);
    expect(Math.abs(planes.natsPerByte! - values.natsPerByte!)).toBeLessThan(1e-5);
    // Codes with zero points say nothing of their products.
    const codes = (await products(bits(8), base)).outcome.metrics;
    for (const metric of ['multiplicationsPerWeight', 'valuesPerWeight']) expect(codes).not.toHaveProperty(metric);
  });

  it('is how scores of pruning rank with what it does, and the model is left as it was', async () => {
    const probes = [{ kind: 'pruning-scores' }, { kind: 'agreement' }] as const;
    const plain = await run(spec(NONE));
    const { outcome, artifacts } = await run(asking(NONE, [...probes]));
    for (const metric of ['lampCorrelation', 'magnitudeCorrelation']) {
      expect(Math.abs(outcome.metrics[metric]!), metric).toBeLessThan(1);
    }
    expect(outcome.metrics.lampCorrelation).not.toBe(outcome.metrics.magnitudeCorrelation);
    expect(outcome.metrics).toMatchObject({ klDivergence: 0, top1Agreement: 1 });
    const again = await run(asking(NONE, [...probes]), { threads: 2 });
    expect(again.outcome.digest).toBe(outcome.digest);
    // What others start from has all its weights.
    const pruned = { id: 'magnitude', parameters: { sparsity: 0.5 } };
    const [ours, theirs] = [artifacts[0]!.bytes, plain.artifacts[0]!.bytes];
    const after = await run(asking(pruned, [{ kind: 'agreement' }]), { base: { bytes: ours } });
    const wanted = await run(spec(pruned), { base: { bytes: theirs } });
    expect(after.outcome.metrics.natsPerByte).toBe(wanted.outcome.metrics.natsPerByte);
    const packed = { id: 'round-to-nearest', parameters: { bits: 4 } };
    const refused = await failure(asking(packed, [{ kind: 'pruning-scores' }]), { base: { bytes: ours } });
    expect(refused).toMatchObject({ code: 'technique-does-not-fit' });
  });

  it('is the answers of a task', async () => {
    const data = { name: sorting.name, sha256: sorting.sha256 };
    const task = (technique: TechniqueSpec): RunSpec => {
      const made = asking(technique, [{ kind: 'answers' }]);
      if (made.subject.kind !== 'recipe') throw new Error('a recipe was made');
      return { ...made, subject: { ...made.subject, data }, evaluation: { ...made.evaluation, data } };
    };
    const base = await run(task(NONE));
    const { values } = base.outcome.probeItems!.find(({ metric }) => metric === 'answerAccuracy')!;
    expect(values.every((value) => value === 0 || value === 1)).toBe(true);
    expect(base.outcome.metrics.answerAccuracy).toBe(values.filter((value) => value === 1).length / 40);
    expect(await failure(asking(NONE, [{ kind: 'answers' }]))).toMatchObject({
      message: expect.stringContaining('node-docs has none'),
    });
    expect(await failure(asking({ id: 'rms-norm', parameters: {} }, [{ kind: 'agreement' }]))).toMatchObject({
      code: 'technique-does-not-fit',
    });
  });

  it('is what a guess would give where training failed', async () => {
    const wild = { learningRate: 10, warmup: 0, gradientClip: null, weightDecay: 1, tokens: 10_240 };
    const { outcome } = await run(asking(NONE, [{ kind: 'agreement' }, choices], wild));
    expect(outcome.diverged).not.toBeNull();
    expect(outcome.metrics.choiceAccuracy).toBe(0.25);
    expect(outcome.metrics).not.toHaveProperty('klDivergence');
    expect(outcome).not.toHaveProperty('probeItems');
  });
});

describe('training after a technique', () => {
  const architecture = { layers: 3 } as const;
  const three = (technique: TechniqueSpec): RunSpec => {
    const made = spec(technique);
    if (made.subject.kind !== 'recipe') throw new Error('a recipe was made');
    const { subject } = made;
    return { ...made, subject: { ...subject, architecture: { ...subject.architecture, ...architecture } } };
  };
  const healed = (tokens: number, changes: TechniqueSpec['parameters'] = {}): TechniqueSpec => ({
    id: 'post-training',
    parameters: {
      pruning: 'drop-layers',
      setting: { select: 'first', count: 1 },
      tokens,
      learningRate: 5e-3,
      ...changes,
    },
  });

  it('mends what was taken out, the same for a seed, and changes nothing without tokens', async () => {
    const base = await run(three(NONE));
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const cut = await run(three({ id: 'drop-layers', parameters: { select: 'first', count: 1 } }), options);
    const none = await run(three(healed(0)), options);
    const some = await run(three(healed(10_240)), options);
    const loss = ({ outcome }: Watched) => outcome.metrics.natsPerByte!;
    expect(loss(none)).toBe(loss(cut));
    expect(loss(some)).toBeLessThan(loss(cut) - 0.02);
    expect(some.outcome.metrics.modelBytes).toBeLessThan(base.outcome.metrics.modelBytes!);
    const again = await run(three(healed(10_240)), { ...options, threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(some.outcome));
  });

  it('can be LayerSkip’s: then the exits learn, and the whole model is another one', async () => {
    const base = await run(three(NONE));
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const continued = (changes: TechniqueSpec['parameters']): TechniqueSpec => ({
      id: 'layer-skip-continued',
      parameters: { tokens: 10_240, learningRate: 5e-3, stride: 1, ...changes },
    });
    const loss = ({ outcome }: Watched) => outcome.metrics.natsPerByte!;
    const ordinary = await run(three(continued({ rate: 0, scale: 0, exit: 1 })), options);
    const skipping = await run(three(continued({ scale: 1, exit: 1 })), options);
    expect(loss(skipping)).toBeLessThan(loss(ordinary) - 0.01);
    expect(skipping.outcome.metrics.layerEvaluations).toBe(2);
    const again = await run(three(continued({ scale: 1, exit: 1 })), { ...options, threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(skipping.outcome));
  });

  it('can be of weights on a grid: they learn to be ternary, and are stored so', async () => {
    const base = await run(three(NONE));
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const ternary = (changes: TechniqueSpec['parameters']): TechniqueSpec => ({
      id: 'quantization-aware-training',
      parameters: { tokens: 10_240, learningRate: 5e-3, ...changes },
    });
    const loss = ({ outcome }: Watched) => outcome.metrics.natsPerByte!;
    const hardly = await run(three(ternary({ tokens: 1, learningRate: 1e-9 })), options);
    const trained = await run(three(ternary({})), options);
    const taught = await run(three(ternary({ teacher: 0.5 })), options);
    const finer = await run(three(ternary({ quantizer: 'learned-step', bits: 4 })), options);
    expect(loss(trained)).toBeLessThan(loss(hardly) - 0.1);
    expect(loss(taught)).toBeLessThan(loss(hardly) - 0.1);
    expect(loss(taught)).not.toBe(loss(trained));
    expect(loss(finer)).toBeLessThan(loss(trained));
    const { bitsPerWeight, modelBytes, quantizationError } = trained.outcome.metrics;
    expect(bitsPerWeight).toBeLessThan(1.7);
    expect(modelBytes).toBeLessThan(base.outcome.metrics.modelBytes!);
    expect(quantizationError).toBeGreaterThan(0.3);
    const again = await run(three(ternary({ teacher: 0.5 })), { ...options, threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(taught.outcome));
  });

  it('can be of adapters, of a part, or on what the whole model says', async () => {
    const base = await run(three(NONE));
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const loss = ({ outcome }: Watched) => outcome.metrics.natsPerByte!;
    const setting = { select: 'first', count: 1 };
    const cut = await run(three({ id: 'drop-layers', parameters: setting }), options);
    const given = { pruning: 'drop-layers', setting, tokens: 10_240, learningRate: 5e-3 };
    const ways: TechniqueSpec[] = [
      { id: 'distillation', parameters: { ...given, teacher: 0.5, hidden: 0.1 } },
      { id: 'low-rank-adapters', parameters: given },
      { id: 'low-rank-adapters', parameters: { ...given, bits: 3 } },
      { id: 'partial-training', parameters: { ...given, part: 'mlp' } },
    ];
    const results: Watched[] = [];
    for (const technique of ways) {
      const once = await run(three(technique), options);
      expect(loss(once), technique.id).toBeLessThan(loss(cut) - 0.01);
      const again = await run(three(technique), { ...options, threads: 2 });
      expect(reproducible(again.outcome), technique.id).toEqual(reproducible(once.outcome));
      results.push(once);
    }
    const bytes = results.map(({ outcome }) => outcome.metrics.modelBytes!);
    expect(bytes[1]).toBe(bytes[3]);
    expect(bytes[2]).toBeLessThan(bytes[1]!);
  });

  it('can be its own once more from early on, without what has been removed', async () => {
    const base = await run(spec(NONE));
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    const rewound = (parameters: TechniqueSpec['parameters']) => spec({ id: 'weight-rewinding', parameters });
    // Seed, batches, rates and memory are those of the very training that made the base: what is not pruned becomes the base again.
    const whole = await run(rewound({ sparsity: 0 }), options);
    expect(whole.outcome.items).toEqual(base.outcome.items);
    expect(whole.outcome.metrics).toMatchObject({ sparsity: 0, quantizationError: 0 });
    const cut = await run(spec({ id: 'lamp', parameters: { sparsity: 0.75 } }), options);
    const given = rewound({ pruning: 'lamp', sparsity: 0.75 });
    const once = await run(given, options);
    expect(once.outcome.metrics.natsPerByte).toBeLessThan(cut.outcome.metrics.natsPerByte! - 0.02);
    expect(once.outcome.metrics.sparsity).toBe(0.75);
    expect(once.outcome.metrics.parameters).toBe(base.outcome.metrics.parameters);
    const again = await run(given, { ...options, threads: 2 });
    expect(reproducible(again.outcome)).toEqual(reproducible(once.outcome));
    const other = await run(rewound({ pruning: 'lamp', sparsity: 0.75, share: 0.5 }), options);
    expect(other.outcome.metrics.natsPerByte).not.toBe(once.outcome.metrics.natsPerByte);
  });

  it('refuses a setting that the technique inside does not take, by field', async () => {
    expect(await failure(three(healed(0, { setting: { count: -1 } })))).toMatchObject({
      message: expect.stringContaining('setting.count'),
    });
    expect(await failure(three(healed(0, { setting: { select: 'last', count: 9 } })))).toMatchObject({
      code: 'technique-does-not-fit',
    });
  });
});

describe('a run that fails to train', () => {
  it('is an outcome that names the step, counts as the unigram entropy, and takes its dependants with it', async () => {
    const wild = { learningRate: 10, warmup: 0, gradientClip: null, weightDecay: 1, tokens: 10_240 };
    const base = await run(spec(NONE, {}, wild));
    expect(base.outcome.diverged).not.toBeNull();
    expect(base.log.join('\n')).toMatch(/warn: training failed at step \d+: /);
    const { natsPerByte } = base.outcome.metrics;
    expect(natsPerByte).toBeGreaterThan(2);
    expect(natsPerByte).toBeLessThan(4);
    expect(base.outcome.items).toBeNull();
    expect(Object.values(base.outcome.metrics).every(Number.isFinite)).toBe(true);

    const dependant = await run(spec(bits(4), {}, wild), { base: { bytes: base.artifacts[0]!.bytes } });
    expect(dependant.outcome.diverged).toEqual(base.outcome.diverged);
    expect(dependant.outcome.metrics.natsPerByte).toBe(natsPerByte);
    const again = await run(spec(NONE, {}, wild), { threads: 2 });
    expect(again.outcome.digest).toBe(base.outcome.digest);
  });
});

describe('a base whose weights are not finite', () => {
  // Four layers wide enough that every technique fits with its defaults; nothing is trained.
  const architecture: DecoderArchitecture = {
    style: 'llama',
    layers: 4,
    hiddenSize: 64,
    heads: 2,
    feedForwardSize: 128,
    contextLength: 32,
  };
  /** What turns LayerNorm into something else needs a model with LayerNorm. */
  const architectureOf = (id: string) =>
    id === 'pre-rmsnorm' ? { ...architecture, style: 'gpt2' as const } : architecture;
  const given = (technique: TechniqueSpec): RunSpec => {
    const made = spec(technique);
    if (made.subject.kind !== 'recipe') throw new Error('a recipe was made');
    return { ...made, subject: { ...made.subject, architecture: architectureOf(technique.id) } };
  };
  const broken = (id: string, diverged: Outcome['diverged']) => {
    const tokenizer = byteTokenizer();
    const config = decoderConfig(architectureOf(id), tokenizer.vocabularySize);
    const parameters = new Map(
      parameterSpecs(config).map(({ name, shape }) => {
        return [name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(Number.NaN) }];
      }),
    );
    return encodeModel({ config, tokenizer, parameters, provenance: { specHash: '0'.repeat(64), diverged } });
  };
  const acting = techniqueDescriptors().filter(({ id, seam }) => id !== 'none' && /checkpoint|inference/.test(seam));

  it.each(acting.map(({ id }) => id))('gives an outcome, whatever is done to it: %s', async (id) => {
    const failed = given({ id, parameters: {} });
    const diverged = { step: 3, reason: 'not-finite' };
    const { outcome } = await run(failed, { base: { bytes: broken(id, diverged) } });
    expect(outcome.diverged).toEqual(diverged);
    expect(Object.values(outcome.metrics).every(Number.isFinite)).toBe(true);
    // As much where training did not say that it failed.
    const silent = await run(failed, { base: { bytes: broken(id, null) } });
    expect(silent.outcome.diverged).toEqual({
      step: 0,
      reason: expect.stringMatching(/^(weights|evaluation)-not-finite$/),
    });
    expect(silent.outcome.items).toBeNull();
    expect(silent.log.join()).toContain('not finite');
    expect(silent.outcome.metrics.natsPerByte).toBe(outcome.metrics.natsPerByte);
  });

  it('hides no fault of a technique on a base that is whole', async () => {
    const base = await run(spec(NONE));
    const made = spec({ id: 'gptq', parameters: {} });
    if (made.subject.kind !== 'recipe') throw new Error('a recipe was made');
    // Text to calibrate on that is nowhere.
    const subject = { ...made.subject, data: { ...made.subject.data, sha256: '0'.repeat(64) } };
    const options = { base: { bytes: base.artifacts[0]!.bytes } };
    expect(await failure({ ...made, subject }, options)).toMatchObject({ code: 'hash-mismatch' });
  });
});

describe('what cannot be run is refused with a code', () => {
  const data = { name: NODE_DOCS.name, sha256: NODE_DOCS.sha256 };
  const evaluation = { data, split: 'validation' as const, items: 40, windowTokens: null };

  it.each([
    ['hash-mismatch', spec(NONE, { evaluation: { ...evaluation, data: { ...data, sha256: '0'.repeat(64) } } })],
    [
      'data-unavailable',
      spec(NONE, { evaluation: { ...evaluation, data: { name: 'nowhere', sha256: '0'.repeat(64) } } }),
    ],
    ['invalid-spec', spec(NONE, { evaluation: { ...evaluation, items: 100_000 } })],
    ['invalid-spec', spec({ id: 'round-to-nearest', parameters: { bits: 1 } })],
    ['invalid-spec', spec({ id: 'magic', parameters: {} })],
    ['invalid-spec', { ...spec(NONE), seed: -1 }],
    ['technique-does-not-fit', spec({ id: 'drop-layers', parameters: { select: 'first', count: 5 } })],
    ['data-unavailable', spec(NONE, { subject: { kind: 'checkpoint', name: 'nothing', sha256: '0'.repeat(64) } })],
    ['hash-mismatch', spec(NONE, { subject: { kind: 'checkpoint', name: 'stories260K', sha256: '0'.repeat(64) } })],
  ] as const)('%s', async (code, given) => {
    const found = await failure(given);
    expect(found.code).toBe(code);
    expect(found.message.length).toBeGreaterThan(10);
  });

  it('a driver of WebGPU that is named and not there', async () => {
    vi.stubEnv('VK_DRIVER_FILES', '/nowhere/driver.json');
    const found = await failure(spec(NONE, { backend: 'webgpu' }));
    vi.unstubAllEnvs();
    expect(found).toMatchObject({ code: 'backend-unavailable', message: expect.stringContaining('/nowhere') });
  });

  it('a text that is not UTF-8', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'claimbench-text-'));
    const bytes = Buffer.concat([Buffer.from('plain text\n\n'), Buffer.from([0xc3, 0x28, 0xff])]);
    await writeFile(join(folder, 'mine.txt'), bytes);
    const { createHash } = await import('node:crypto');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const given = spec(NONE, { evaluation: { ...evaluation, data: { name: 'mine.txt', sha256 } } });
    const found = await failure(given, { dataPath: [folder] });
    expect(found).toMatchObject({ code: 'invalid-text-encoding', message: expect.stringContaining('mine.txt') });
    await rm(folder, { recursive: true });
  });

  it('a run that is cancelled stops in the middle', async () => {
    const controller = new AbortController();
    const found = await failure(spec(NONE, {}, { tokens: 50_000_000 }), {
      signal: controller.signal,
      onPoints: () => controller.abort(),
    });
    expect(found.code).toBe('cancelled');
  });
});

it('a run on webgpu learns what it learns on native, and says on which adapter', async () => {
  const short = { tokens: 5_120 };
  const native = await run(spec(NONE, {}, short));
  const webgpu = await run(spec(NONE, { backend: 'webgpu' }, short));
  expect(webgpu.outcome.metrics.natsPerByte).toBeCloseTo(native.outcome.metrics.natsPerByte!, 4);
  expect(webgpu.outcome.environment).toMatchObject({ backend: 'webgpu', instructionSet: 'wgsl' });
  expect(webgpu.outcome.environment.device).not.toBe('');
});

describe('resources of this machine', () => {
  it('list every recipe and text with their hashes, and say what is missing', async () => {
    const nothing = await readResources({ dataPath: [], cacheFolder });
    const text = nothing.dataSets.find((dataSet) => dataSet.name === 'node-docs')!;
    expect(text).toMatchObject({ sha256: NODE_DOCS.sha256, unavailable: null });
    expect(text.bytes).toBeGreaterThan(500_000);
    for (const { name, title, sha256 } of GENERATED_TEXTS) {
      expect(nothing.dataSets).toContainEqual(expect.objectContaining({ name, title, sha256, unavailable: null }));
    }
    const stories = nothing.dataSets.find((dataSet) => dataSet.name === 'tinystories-validation')!;
    expect(stories.unavailable).toMatch(/CLAIMBENCH_DATA_PATH/);
    expect(nothing.subjects.filter((subject) => subject.kind === 'recipe').length).toBeGreaterThanOrEqual(10);
    const backends = await backendOptions();
    expect(backends.map(({ name, unavailable }) => [name, unavailable === null])).toEqual([
      ['native', true],
      ['reference', true],
      ['webgpu', true],
    ]);
  });
});

const story = DATA_PATH.find((folder) => existsSync(join(folder, 'models/stories260K/stories260K.bin')));
describe.skipIf(story === undefined)('the published checkpoint stories260K', () => {
  it('loses 1.306 ± 0.010 nats per token on 400 validation stories, as it does in the models alone, and 8 bits keep it', async () => {
    const resources = await readResources({ dataPath: DATA_PATH, cacheFolder });
    const option = resources.subjects.find((subject) => subject.name === 'stories260K')!;
    const text = resources.dataSets.find((dataSet) => dataSet.name === 'tinystories-validation')!;
    const given = (technique: TechniqueSpec) =>
      spec(technique, {
        subject: option.spec!,
        evaluation: {
          data: { name: text.name, sha256: text.sha256 },
          split: 'validation',
          items: 400,
          windowTokens: null,
        },
      });
    const { outcome } = await run(given(NONE), { threads: 2 });
    // The standard error over 400 stories is 0.010 as well; its author gives 1.297 on his own, larger sample.
    expect(Math.abs(outcome.metrics.natsPerToken! - 1.306)).toBeLessThan(0.01);
    expect(outcome.metrics.parameters).toBe(option.parameters);
    const eight = await run(given({ id: 'round-to-nearest', parameters: { bits: 8 } }), { threads: 2 });
    expect(Math.abs(eight.outcome.metrics.natsPerToken! - outcome.metrics.natsPerToken!)).toBeLessThan(0.005);
    expect(await specHashOf(given(NONE))).not.toBe(await specHashOf(given(bits(8))));
  }, 300_000);
});

describe('a timed run', () => {
  it('times the technique against its baseline and the baseline against itself, outside the digest', async () => {
    const base = await run(spec(NONE));
    const timing = { against: NONE, rounds: 3, sampleMs: 1 };
    const given = spec(bits(8), { timing });
    expect(baseOf(given)).toEqual(spec(NONE));
    const timed = await run(given, { base: { bytes: base.artifacts[0]!.bytes } });
    const { timings, digest, metrics } = timed.outcome;
    for (const name of ['timeRatio', 'twinTimeRatio', 'passMs', 'preemptedShare', 'othersShare'])
      expect(timings[name], name).toEqual(expect.any(Number));
    expect(timings.passMs).toBeGreaterThan(0);
    expect(metrics).not.toHaveProperty('timeRatio');
    const again = await run(given, { base: { bytes: base.artifacts[0]!.bytes } });
    expect(again.outcome.digest).toBe(digest);
    expect(timed.artifacts).toEqual([]);
    // An arm without a technique is timed from the same base, and trains nothing.
    expect(baseOf(spec(NONE, { timing }))).toEqual(spec(NONE));
  });

  it('times the writing of texts where the technique is a way of writing', async () => {
    const base = await run(spec({ id: 'layer-skip', parameters: {} }));
    const timing = { against: NONE, rounds: 3, sampleMs: 1 };
    const made = spec({ id: 'self-speculative', parameters: { exit: 1, tokens: 2 } }, { timing });
    if (made.subject.kind !== 'recipe') throw new Error('a recipe was made');
    const subject = { ...made.subject, architecture: { ...made.subject.architecture, layers: 2 } };
    const two = await run({ ...made, technique: NONE, timing: undefined, subject });
    const written = vi.spyOn(Decoder.prototype, 'embed');
    const timed = await run({ ...made, subject }, { base: { bytes: two.artifacts[0]!.bytes } });
    // A window in one go is a single reading; texts are read token by token.
    const readings = written.mock.calls.filter(([input]) => input.shape[1] === 1).length;
    written.mockRestore();
    expect(readings).toBeGreaterThan(16);
    expect(timed.outcome.timings.timeRatio).toEqual(expect.any(Number));
    // What LayerSkip trained is timed from that model, drafting and not.
    const drafting = spec({ id: 'layer-skip', parameters: {} }, { timing });
    expect(baseOf(drafting)).toMatchObject({ technique: { id: 'layer-skip' } });
    expect((await run(drafting, { base: { bytes: base.artifacts[0]!.bytes } })).outcome.timings).toHaveProperty(
      'passMs',
    );
  });

  it('times steps of training from first weights, of a technique in the architecture or in training', async () => {
    const timing = { against: NONE, rounds: 3, sampleMs: 1, of: 'training' } as const;
    for (const technique of [
      { id: 'rms-norm', parameters: {} },
      { id: 'low-bit-training', parameters: {} },
    ]) {
      const given = spec(technique, { timing });
      // Its own model is trained in it, whatever is timed beside it.
      expect(baseOf(given)).toBeNull();
      const trainings = vi.spyOn(Decoder, 'initialise');
      const timed = await run(given);
      const models = trainings.mock.calls.map(([, config, seed]) => [config.norms.final.kind, seed]);
      trainings.mockRestore();
      const own = technique.id === 'rms-norm' ? 'rms-norm' : 'layer-norm';
      expect(models).toEqual([
        [own, 7],
        [own, 7],
        ['layer-norm', 7],
        ['layer-norm', 7],
      ]);
      const { timings, metrics } = timed.outcome;
      for (const name of ['timeRatio', 'twinTimeRatio', 'stepMs', 'preemptedShare', 'othersShare'])
        expect(timings[name], name).toEqual(expect.any(Number));
      expect(timings).not.toHaveProperty('passMs');
      expect(metrics).toEqual((await run(spec(technique))).outcome.metrics);
      expect(timed.artifacts).toEqual([]);
    }
  });

  it('times making a model of fresh copies of the trained one, against whole trainings', async () => {
    const base = await run(spec(NONE));
    const timing = { against: { id: 'rms-norm', parameters: {} }, rounds: 3, sampleMs: 1, of: 'making' } as const;
    const given = spec({ id: 'gptq', parameters: { bits: 4, groupSize: 16 } }, { timing });
    const copies = vi.spyOn(Decoder, 'fromValues');
    const timed = await run(given, { base: { bytes: base.artifacts[0]!.bytes } });
    const copied = copies.mock.calls.length;
    copies.mockRestore();
    // The run's own model; two to warm up, one for the length of a sample, two in each of three rounds.
    expect(copied).toBeGreaterThanOrEqual(1 + 2 + 1 + 2 * 3);
    const { timings } = timed.outcome;
    for (const name of ['timeRatio', 'twinTimeRatio', 'stepMs', 'makingMs'])
      expect(timings[name], name).toEqual(expect.any(Number));
    // 160 steps of training stand against one making.
    const ratio = Math.exp(timings.timeRatio!);
    expect(ratio / ((160 * timings.stepMs!) / timings.makingMs!)).toBeGreaterThan(0.1);
    expect(ratio / ((160 * timings.stepMs!) / timings.makingMs!)).toBeLessThan(10);
    const untimed = await run(spec(given.technique), { base: { bytes: base.artifacts[0]!.bytes } });
    expect(timed.outcome.metrics).toEqual(untimed.outcome.metrics);
  });

  it('is refused for a technique that needs training of its own', async () => {
    const timing = { against: NONE, rounds: 3, sampleMs: 1 };
    await expect(run(spec({ id: 'rms-norm', parameters: {} }, { timing }))).rejects.toThrow(
      'is not timed against a trained model',
    );
  });
});
