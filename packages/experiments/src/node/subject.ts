import type { DataRef, Outcome, RunSpec } from '@claimbench/contracts';
import type { Backend } from '@claimbench/kernels';
import {
  calibrationWindows,
  Decoder,
  type Diagnosis,
  decodeModel,
  diagnose,
  isEncoder,
  stateAfter,
  type TextDataSet,
  type Tokenizer,
  type TokenStream,
  type TrainingOptions,
  type TrainingRecipe,
  type TrainingResult,
  type TrainingStage,
  train,
  trainInStages,
  trainingSteps,
} from '@claimbench/models';
import {
  type DataLocations,
  loadCheckpoint,
  loadDataSet,
  loadTokenizer,
  loadTokenStream,
} from '@claimbench/models/node';
import type { CheckpointContext, ResolvedTechnique, WeightCosts } from '@claimbench/techniques';
import { baseOf } from '../plan/run-spec.ts';
import { decoderOf } from '../plan/technique.ts';
import type { ExecutionContext } from './execute.ts';
import { RunError } from './run-error.ts';
import type { RunPoints } from './run-points.ts';
import { stepsTaken } from './saved-training.ts';
import { baseBytes, savedTrainingOf, trainingReports } from './training.ts';

/** A subject ready to be evaluated; the caller disposes the decoder. */
export interface PreparedSubject {
  readonly decoder: Decoder;
  readonly tokenizer: Tokenizer;
  /** Training that ended in failure, here or in the base. */
  readonly diverged: Outcome['diverged'];
  /** Parameters as the subject has them, before a technique packs or removes weights. */
  readonly parameters: number;
  /** null where nothing was trained in this run. */
  readonly training: TrainingResult | null;
  /** What a decoder that was trained in this run looks like inside; null where nothing was trained, or training failed, or for an encoder. */
  readonly diagnosis: Diagnosis | null;
}

/** Windows of training text on which a trained model is looked into. */
const DIAGNOSED_WINDOWS = 16;

/** Turns a run's seed into that of training afterwards. */
const AFTERWARDS = 0x9e3779b9;

/** Trains the subject, or loads what the run starts from. */
export async function prepareSubject(
  backend: Backend,
  spec: RunSpec,
  technique: ResolvedTechnique,
  context: ExecutionContext,
  locations: DataLocations,
  points: RunPoints,
): Promise<PreparedSubject> {
  const { subject } = spec;
  if (subject.kind === 'classifier') throw new RangeError(`${subject.name} is no decoder`);
  if (subject.kind === 'checkpoint') {
    context.onLog('info', `loading the checkpoint ${subject.name}`);
    const { decoder, tokenizer } = await loadCheckpoint(subject, backend, locations);
    return { decoder, tokenizer, parameters: decoder.parameterCount, diverged: null, training: null, diagnosis: null };
  }
  if (baseOf(spec) !== null) return await loadBase(backend, context);

  const { signal } = context;
  const dataSet = await loadDataSet(subject.data, locations, { signal });
  const tokenizer = await loadTokenizer(subject.tokenizer, dataSet, locations);
  const stages = await stagesOf(subject, dataSet, tokenizer, locations, signal);
  const plain = decoderOf(subject);
  const config = technique.seam === 'architecture' ? technique.changeConfig(plain) : plain;
  const decoder = Decoder.initialise(backend, config, spec.seed);
  const steps = stages.reduce((sum, { recipe }) => sum + trainingSteps(recipe, config.contextLength), 0);
  const parameters = decoder.parameterCount;
  context.onLog('info', `training ${parameters} parameters for ${steps} steps on ${backend.name}`);
  try {
    const change =
      technique.seam === 'training' ? await technique.changeTraining(decoder, { seed: spec.seed, steps }) : undefined;
    const saved = await savedTrainingOf(spec, backend, context);
    const reports = trainingReports(points, context, {
      steps,
      firstHere: 1 + (saved.resume ? stepsTaken(saved.resume) : 0),
    });
    const training = await trainInStages(decoder, stages, {
      ...change?.options,
      seed: spec.seed,
      ...reports,
      ...saved,
      signal,
    });
    change?.[Symbol.dispose]?.();
    const { diverged } = training;
    if (diverged) context.onLog('warn', `training failed at step ${diverged.step}: ${diverged.message}`);
    const { stream } = stages.at(-1)!;
    const windows = calibrationWindows(stream, spec.seed, DIAGNOSED_WINDOWS, config.contextLength);
    return {
      decoder,
      tokenizer,
      parameters,
      training,
      diagnosis: diverged || isEncoder(config) ? null : await diagnose(decoder, windows),
      diverged: diverged && { step: diverged.step, reason: diverged.reason },
    };
  } catch (error) {
    decoder.dispose();
    throw error;
  }
}

export type RecipeSubject = RunSpec['subject'] & { kind: 'recipe' };

/** What a recipe trains on, in turn: a second text in the tokens of the first, its windows from a stream of the stage's own. */
async function stagesOf(
  { training, fineTuning }: RecipeSubject,
  text: TextDataSet,
  tokenizer: Tokenizer,
  locations: DataLocations,
  signal: AbortSignal,
): Promise<[TrainingStage, ...TrainingStage[]]> {
  const streamOf = (from: TextDataSet) => loadTokenStream(from, 'train', tokenizer, locations);
  const first: TrainingStage = { stream: await streamOf(text), recipe: training };
  if (!fineTuning) return [first];
  const { data, tokens, rateShare } = fineTuning;
  const recipe = { ...training, tokens, learningRate: rateShare * training.learningRate };
  const stream = await streamOf(await loadDataSet(data, locations, { signal }));
  return [first, { stream, recipe, order: 'fine-tuning' }];
}

/** What a recipe's model was trained on last. */
export function lastTextOf({ data, fineTuning }: RecipeSubject): DataRef {
  return fineTuning?.data ?? data;
}

/**
 * The trained model that a technique starts from: the base, or the published checkpoint, as it is before anything is done to it. null
 * where a run starts from nothing: without a technique it is its own reference.
 */
export async function loadReference(
  backend: Backend,
  spec: RunSpec,
  context: ExecutionContext,
  locations: DataLocations,
): Promise<Decoder | null> {
  if (spec.subject.kind === 'checkpoint') return (await loadCheckpoint(spec.subject, backend, locations)).decoder;
  return baseOf(spec) === null ? null : (await loadBase(backend, context)).decoder;
}

/** The trained model that a run starts from, in a decoder of the caller's. Rejects with `base-failed` where none was given. */
export async function loadBase(backend: Backend, context: ExecutionContext): Promise<PreparedSubject> {
  const { config, tokenizer, parameters, provenance } = decodeModel(await baseBytes(context));
  const diverged = provenance.diverged ?? null;
  if (diverged)
    context.onLog('warn', `the base failed to train at step ${diverged.step}; so did all that start from it`);
  const decoder = Decoder.fromValues(backend, config, parameters);
  return { decoder, tokenizer, parameters: decoder.parameterCount, diverged, training: null, diagnosis: null };
}

export interface Applied {
  /** null where the weights stand as they were. */
  readonly costs: WeightCosts | null;
  /** The technique gave up on weights that are not finite: the run counts as failed. */
  readonly failed: boolean;
}

/**
 * Techniques on weights and on decoding act here; those in the architecture and in training have acted before, but for the plan. `text`:
 * what the subject was trained on, asked for where a technique calibrates or trains.
 */
export async function applyTechnique(
  technique: ResolvedTechnique,
  { decoder }: PreparedSubject,
  spec: RunSpec,
  text: () => Promise<TokenStream>,
  signal: AbortSignal,
): Promise<Applied> {
  const { seed } = spec;
  const untouched = { costs: null, failed: false };
  switch (technique.seam) {
    case 'architecture':
      return untouched;
    case 'training':
      decoder.plan = technique.planLayers(decoder.config);
      return { costs: await technique.storeWeights(decoder), failed: false };
    case 'inference':
      decoder.plan = technique.planLayers(decoder.config, { seed });
      return { costs: await technique.storeWeights(decoder), failed: false };
    case 'checkpoint':
      break;
  }
  const sound = await hasFiniteWeights(decoder);
  try {
    const costs = await technique.changeWeights(decoder, {
      seed,
      calibrate: async (windows) => {
        return calibrationWindows(await text(), seed, windows, decoder.config.contextLength);
      },
      trainOn: async (changed, length, changeTraining) => {
        const recipe = { ...recipeOf(spec).training, ...length };
        // Another order than the training's: what is seen first again would count twice.
        const own = (seed ^ AFTERWARDS) >>> 0;
        await trainChanged(changed, await text(), recipe, { seed: own, signal }, changeTraining);
      },
      stateAfter: async (share) => {
        const subject = recipeOf(spec);
        const config = decoderOf(subject);
        const step = Math.ceil(share * trainingSteps(subject.training, config.contextLength));
        using fresh = Decoder.initialise(decoder.backend, config, seed);
        return await stateAfter(fresh, await text(), subject.training, step, { seed, signal });
      },
      trainFrom: async (changed, state, changeTraining) => {
        const { training } = recipeOf(spec);
        await trainChanged(changed, await text(), training, { seed, signal, resume: state }, changeTraining);
      },
    });
    return { costs, failed: false };
  } catch (error) {
    // No matrix of NaN can be factored, sorted or merged. What failed to train fails with whatever is done to it: an outcome.
    if (sound || signal.aborted) throw error;
    return { costs: null, failed: true };
  }
}

/** The recipe of a run's subject. Throws RunError `invalid-spec` where it has none. */
export function recipeOf({ subject }: RunSpec): RecipeSubject {
  if (subject.kind === 'recipe') return subject;
  throw new RunError({ code: 'invalid-spec', message: `${subject.name} has no recipe to train it on by` });
}

/** Trains a decoder with what a technique puts in the place of ordinary training. */
async function trainChanged(
  decoder: Decoder,
  stream: TokenStream,
  recipe: TrainingRecipe,
  options: Pick<TrainingOptions, 'seed' | 'signal' | 'resume'>,
  changeTraining: Parameters<CheckpointContext['trainOn']>[2],
): Promise<void> {
  const { seed } = options;
  const change = await changeTraining?.(decoder, { seed, steps: trainingSteps(recipe, decoder.config.contextLength) });
  try {
    await train(decoder, stream, recipe, { ...change?.options, ...options, pointEvery: 1 });
  } finally {
    change?.[Symbol.dispose]?.();
  }
}

async function hasFiniteWeights(decoder: Decoder): Promise<boolean> {
  for (const { data } of (await decoder.readParameters()).values()) if (!data.every(Number.isFinite)) return false;
  return true;
}

/**
 * What the model was trained on (the last text, where there were two), never what it is judged on; for a published checkpoint the training
 * part of the data that it is judged on. It is read and cut into tokens when it is first asked for. Rejects with `empty-split` where that
 * data has no such part.
 */
export function trainingText(
  { subject, evaluation }: RunSpec,
  { tokenizer }: Pick<PreparedSubject, 'tokenizer'>,
  locations: DataLocations,
  signal: AbortSignal,
): () => Promise<TokenStream> {
  let stream: Promise<TokenStream> | undefined;
  const read = async () => {
    const data = subject.kind === 'recipe' ? lastTextOf(subject) : evaluation.data;
    return loadTokenStream(await loadDataSet(data, locations, { signal }), 'train', tokenizer, locations);
  };
  return () => {
    stream ??= read();
    return stream;
  };
}
