import { createHash } from 'node:crypto';
import { type Outcome, type Point, RunSpec } from '@claimbench/contracts';
import { createBackend } from '@claimbench/kernels/node';
import {
  type Decoder,
  type EvaluationItem,
  type EvaluationResult,
  encodeModel,
  evaluate,
  evaluateUnigram,
  evaluationItems,
  isEncoder,
  maskedItems,
  maskTokenOf,
  type ParameterValues,
  parameterSpecs,
  subLayerEvaluations,
} from '@claimbench/models';
import { type DataLocations, loadDataSet, loadTokenStream } from '@claimbench/models/node';
import type { ResolvedTechnique } from '@claimbench/techniques';
import { z } from 'zod';
import { checkExampleData } from '../plan/example-data.ts';
import { checkProbes } from '../plan/probes.ts';
import { specHashOf } from '../plan/run-spec.ts';
import { checkFit, checkTiming, resolveTechnique } from '../plan/technique.ts';
import { measureClassifier } from './classifier.ts';
import { measureDecoding, promptsOf } from './decoding.ts';
import { digestOf } from './digest.ts';
import { environmentOf } from './environment.ts';
import { type ExecutingRun, isStartedFrom, type MeasuredSubject, weightCostsOf } from './measured-subject.ts';
import { measureProbes, type Probed, type ProbedModel, probesOfFailure } from './probes.ts';
import { RunError } from './run-error.ts';
import { RunPoints } from './run-points.ts';
import type { SavedTraining } from './saved-training.ts';
import {
  applyTechnique,
  lastTextOf,
  loadReference,
  type PreparedSubject,
  prepareSubject,
  trainingText,
} from './subject.ts';
import { timeRun } from './timed-work.ts';

/** What a run may use and whom it tells; nothing in it changes the numbers. */
export interface ExecutionContext {
  /** Folders with data sets and checkpoints, looked at first. */
  readonly dataPath: readonly string[];
  /** Folder for tokenizers and downloaded data; several processes may share it. */
  readonly cacheFolder: string;
  /** Whether data that is nowhere on the machine may be downloaded; yes unless said otherwise. */
  readonly download?: boolean;
  /** The base's checkpoint for runs that start from one, else null. */
  readonly base: { readonly path: string } | { readonly bytes: Uint8Array } | null;
  readonly threads: number;
  /** Where training is saved now and then, and goes on from when it was cut; it is not, unless said so. */
  readonly savedTraining?: SavedTraining | null;
  onPoints(points: Point[]): void;
  onLog(level: 'info' | 'warn' | 'error', message: string): void;
  /** Share of the run that is done, 0 to 1. */
  onProgress(share: number): void;
  readonly signal: AbortSignal;
}

export interface ExecutedRun {
  readonly outcome: Outcome;
  /** The trained model of a run that trained its own: what other runs start from. */
  readonly artifacts: readonly { readonly name: 'checkpoint'; readonly sha256: string; readonly bytes: Uint8Array }[];
}

/**
 * Executes a run: builds its subject, lets the technique act where it acts, evaluates. The same spec gives the same digest on the
 * same build and instruction set, at any number of threads. A run that diverged is an outcome. Rejects with an error that
 * `failureOf` names; nothing is left behind but files in the cache.
 */
export async function executeRun(given: RunSpec, context: ExecutionContext): Promise<ExecutedRun> {
  const started = performance.now();
  const spec = checkedSpec(given);
  const technique = resolveTechnique(spec.technique);
  checkFit(technique, spec.subject);
  checkTiming(spec);
  checkProbes(spec);
  checkExampleData(spec);
  const specHash = await specHashOf(spec);
  const { dataPath, cacheFolder } = context;
  const locations: DataLocations = { dataPath, cacheFolder, download: context.download ?? true };
  const points = new RunPoints((batch) => context.onPoints(batch));
  const backend = await createBackend(spec.backend, { threads: context.threads });
  try {
    const run: ExecutingRun = { spec, specHash, technique, backend, context, locations, points };
    const { subject } = spec;
    const measured = subject.kind === 'classifier' ? await measureClassifier(run, subject) : await measureDecoder(run);
    points.flush();
    context.onProgress(1);
    const { trainedAt, evaluatedAt, timing, checkpoint } = measured;
    const seconds = (from: number, to: number) => (to - from) / 1000;
    return {
      outcome: {
        ...measuredNumbers(specHash, measured, points),
        timings: {
          seconds: seconds(started, evaluatedAt),
          preparationSeconds: seconds(started, trainedAt),
          evaluationSeconds: seconds(trainedAt, evaluatedAt),
          residentMiB: process.memoryUsage().rss / 2 ** 20,
          ...timing,
        },
        environment: environmentOf(spec, backend),
      },
      artifacts: checkpoint
        ? [{ name: 'checkpoint', sha256: createHash('sha256').update(checkpoint).digest('hex'), bytes: checkpoint }]
        : [],
    };
  } finally {
    backend.close();
  }
}

/** Everything reproducible that a run measured, and its digest. */
function measuredNumbers(
  specHash: string,
  { metrics: measured, items, probeItems: ofProbes, diverged }: MeasuredSubject,
  points: RunPoints,
) {
  // What is not finite (the last training loss of a diverged run, the error of its weights) is no measurement.
  const metrics = Object.fromEntries(Object.entries(measured).filter(([, value]) => Number.isFinite(value)));
  const probeItems = ofProbes.length > 0 ? { probeItems: [...ofProbes] } : {};
  const digest = digestOf({ specHash, metrics, items, ...probeItems, diverged, points: points.all });
  return { metrics, items, ...probeItems, diverged, digest };
}

async function measureDecoder(run: ExecutingRun): Promise<MeasuredSubject> {
  const { spec, specHash, technique, backend, context, locations, points } = run;
  const { signal } = context;
  const subject = await prepareSubject(backend, spec, technique, context, locations, points);
  const { decoder, training } = subject;
  try {
    const trainedAt = performance.now();
    const text = trainingText(spec, subject, locations, signal);
    const { costs, failed } = await applyTechnique(technique, subject, spec, text, signal);
    const given = subject.diverged ?? (failed ? { step: 0, reason: 'weights-not-finite' } : null);
    const reference = async () => (await loadReference(backend, spec, context, locations)) ?? decoder;
    const { result, diverged, decoding, probed } = await evaluateSubject(
      spec,
      technique,
      { ...subject, diverged: given },
      { locations, reference, signal },
    );
    if (diverged && !subject.diverged) context.onLog('warn', 'the losses are not finite: the run counts as failed');
    const prompts = async () =>
      promptsOf(
        itemsOf(spec, subject, await documentsOf(spec, locations, signal)),
        decoder.config.contextLength,
        TIMED_TEXTS,
      );
    const timing = spec.timing
      ? await timeRun({ backend, spec, technique, subject, context, locations, text, prompts }, spec.timing)
      : null;
    const evaluatedAt = performance.now();
    const { natsPerByte, natsPerToken, top1Accuracy } = result;
    const metrics: Outcome['metrics'] = {
      natsPerByte,
      natsPerToken,
      top1Accuracy,
      parameters: subject.parameters,
      modelBytes: decoder.storedBytes,
      layerEvaluations: subLayerEvaluations(decoder.plan),
      ...weightCostsOf(decoder, costs),
      ...subject.diagnosis,
      ...decoding,
      ...probed.metrics,
    };
    if (training) metrics.trainingLoss = training.finalLoss;
    return {
      metrics,
      items: diverged ? null : { metric: 'natsPerByte', values: [...result.itemNatsPerByte] },
      probeItems: probed.items,
      diverged,
      trainedAt,
      evaluatedAt,
      timing,
      checkpoint: isStartedFrom(spec, technique) ? await encoded(specHash, subject) : null,
    };
  } finally {
    decoder.dispose();
  }
}

/** Texts that are written in one timed pass where the technique is a way of writing. */
const TIMED_TEXTS = 2;

function checkedSpec(given: RunSpec): RunSpec {
  const parsed = RunSpec.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new RunError({ code: 'invalid-spec', message: `the run's spec: ${z.prettifyError(parsed.error)}` });
}

interface Evaluated {
  readonly result: EvaluationResult;
  readonly diverged: Outcome['diverged'];
  /** What writing text costs, where the technique is about that. */
  readonly decoding: Outcome['metrics'];
  readonly probed: Probed;
}

/**
 * Evaluates the subject. A run that failed, in training or because its losses are not finite now, counts as knowing nothing but
 * how often each token occurs.
 */
async function evaluateSubject(
  spec: RunSpec,
  technique: ResolvedTechnique,
  { decoder, tokenizer, diverged }: PreparedSubject,
  { locations, reference, signal }: Pick<ProbedModel, 'reference' | 'signal'> & { readonly locations: DataLocations },
): Promise<Evaluated> {
  const { evaluation, subject } = spec;
  const documents = await documentsOf(spec, locations, signal);
  const items = itemsOf(spec, { decoder, tokenizer }, documents);
  if (!diverged) {
    const result = await evaluate(decoder, items, { signal });
    if (Number.isFinite(result.natsPerByte)) {
      const drafting = 'drafting' in technique ? technique.drafting(decoder.config) : null;
      const decoding = drafting ? await measureDecoding(decoder, items, drafting, signal) : {};
      const probed = await measureProbes(spec, { decoder, tokenizer, documents, items, reference, signal });
      return { result, diverged: null, decoding, probed };
    }
  }
  const { data, split } =
    subject.kind === 'recipe' ? { data: lastTextOf(subject), split: 'train' as const } : evaluation;
  const seen = await loadDataSet(data, locations, { signal });
  const result = evaluateUnigram(items, await loadTokenStream(seen, split, tokenizer, locations));
  const failed = diverged ?? { step: 0, reason: 'evaluation-not-finite' };
  return { result, diverged: failed, decoding: {}, probed: { metrics: probesOfFailure(spec), items: [] } };
}

async function documentsOf(
  { evaluation }: RunSpec,
  locations: DataLocations,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return (await loadDataSet(evaluation.data, locations, { signal })).documents(evaluation.split);
}

/** What the subject is judged on. */
function itemsOf(
  { evaluation }: RunSpec,
  { decoder, tokenizer }: Pick<PreparedSubject, 'decoder' | 'tokenizer'>,
  documents: readonly string[],
): readonly EvaluationItem[] {
  const { config } = decoder;
  const items = evaluationItems(documents, tokenizer, {
    items: evaluation.items,
    windowTokens: evaluation.windowTokens ?? config.contextLength,
  });
  return isEncoder(config) ? maskedItems(items, tokenizer, maskTokenOf(config)) : items;
}

/** The trained model, with what those must know who start from it. */
async function encoded(specHash: string, { decoder, tokenizer, diverged }: PreparedSubject): Promise<Uint8Array> {
  return encodeModel({
    config: decoder.config,
    tokenizer,
    parameters: await parametersToStore(decoder),
    provenance: { specHash, diverged },
  });
}

/** The parameters of a checkpoint, in order; weights that were trained in another form as the dense ones that they compute with. */
async function parametersToStore(decoder: Decoder): Promise<Map<string, ParameterValues>> {
  const present = await decoder.readParameters();
  const all = new Map<string, ParameterValues>();
  for (const { name, shape } of parameterSpecs(decoder.config)) {
    const weight = present.get(name) ?? { shape, data: await decoder.readWeight(name.replace(/\.weight$/, '')) };
    all.set(name, weight);
  }
  return all;
}
