// What specs of runs share: one small recipe, and its execution with all that is reported on the way.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Outcome, type Point, RunSpec, type TechniqueSpec } from '@claimbench/contracts';
import { GENERATED_TEXTS, NODE_DOCS } from '@claimbench/models';
import { afterAll, beforeAll } from 'vitest';
import { type ExecutedRun, type ExecutionContext, executeRun } from './execute.ts';
import { failureOf } from './run-error.ts';

export const DATA_PATH = (
  process.env.CLAIMBENCH_DATA_PATH ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url))
)
  .split(':')
  .filter((folder) => folder !== '');

export let cacheFolder: string;
beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'claimbench-experiments-'));
});
afterAll(async () => {
  await rm(cacheFolder, { recursive: true, force: true });
});

export const SMALL = { style: 'gpt2', layers: 1, hiddenSize: 32, heads: 2, feedForwardSize: 64, contextLength: 32 };

/** One layer on the real text, trained for 160 steps: about a second. */
export function spec(
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

export const NONE: TechniqueSpec = { id: 'none', parameters: {} };
export const bits = (count: number): TechniqueSpec => ({
  id: 'round-to-nearest',
  parameters: { bits: count, granularity: 'tensor' },
});

export interface Watched extends ExecutedRun {
  readonly points: Point[];
  readonly log: string[];
  readonly progress: number[];
}

export async function run(
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

export async function failure(given: RunSpec, changes: Partial<ExecutionContext> = {}) {
  try {
    await run(given, changes);
  } catch (error) {
    return failureOf(error);
  }
  throw new Error('the run succeeded');
}

/** What may differ between two executions of a spec: when and where, nothing else. */
export function reproducible({ metrics, items, diverged, digest }: Outcome) {
  return { metrics, items, diverged, digest };
}

type Recipe = Extract<RunSpec['subject'], { kind: 'recipe' }>;

/** The same of a recipe that differs in these fields of its own or of its architecture. */
export function withRecipe(
  given: RunSpec,
  {
    architecture,
    ...changes
  }: Partial<Omit<Recipe, 'architecture'>> & { architecture?: Partial<Recipe['architecture']> },
): RunSpec {
  const { subject } = given;
  if (subject.kind !== 'recipe') throw new Error('expected a spec of a recipe');
  const changed = { ...subject, ...changes, architecture: { ...subject.architecture, ...architecture } };
  return { ...given, subject: changed as Recipe };
}

/** Trained on one text, then on another one; judged on that. */
export function tunedOn(
  name: string,
  technique: TechniqueSpec,
  first: number,
  second: number,
  rateShare = 0.5,
): RunSpec {
  const { sha256 } = GENERATED_TEXTS.find((text) => text.name === name)!;
  const data = { name, sha256 };
  const made = spec(technique, {}, { tokens: first });
  const fineTuning = { data, tokens: second, rateShare };
  const deeper = withRecipe(made, { architecture: { layers: 3 }, fineTuning });
  return RunSpec.parse({ ...deeper, evaluation: { ...made.evaluation, data } });
}
