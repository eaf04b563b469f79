import type { TokenStream } from '../data/token-stream.ts';
import { type BatchSource, maskedBatches, trainingBatches } from '../data/training-windows.ts';
import { isEncoder, maskTokenOf } from '../decoder/config.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { ModelError } from '../model-error.ts';
import { type Divergence, divergenceAtEnd, finalLossOf } from './divergence.ts';
import { type Optimisation, optimise, type StepOptions, StepwiseOptimisation, type TrainingPoint } from './optimise.ts';
import { ADAMW, type TrainingRecipe, trainingSteps } from './recipe.ts';
import { learningRateAt } from './schedule.ts';
import type { TrainingState } from './training-state.ts';

export interface TrainingOptions extends Omit<StepOptions, 'onStep'> {
  /** Decides the data order (stream 2); the first values of the parameters are the decoder's own affair. */
  readonly seed: number;
  /** A point every so many steps, and for the first and the last. */
  readonly pointEvery: number;
  readonly onPoint?: (point: TrainingPoint) => void;
  /** Draws the data order from the stream of that name under stream 2. */
  readonly order?: string | undefined;
}

export interface TrainingResult {
  /** Steps taken; fewer than planned only where training diverged. */
  readonly steps: number;
  readonly tokens: number;
  /** Mean of the last tenth of the steps, nats/token; not finite where training ended so. */
  readonly finalLoss: number;
  readonly unigramEntropy: number;
  readonly diverged: Divergence | null;
  /** Of every step. */
  readonly losses: readonly number[];
  readonly gradientNorms: readonly number[];
}

/**
 * Trains a decoder in place by a recipe on windows of the stream, as long as the decoder's context: on the next token, or on masked ones
 * where it sees both ways. Divergence is an outcome; only what the caller did wrong, or cancelled, throws.
 */
export async function train(
  decoder: Decoder,
  stream: TokenStream,
  recipe: TrainingRecipe,
  options: TrainingOptions,
): Promise<TrainingResult> {
  const { pointEvery, onPoint, seed, order, ...rest } = options;
  const { batches, optimisation } = planned(decoder, stream, recipe, { seed, order });
  const losses: number[] = [];
  const gradientNorms: number[] = [];
  const onStep = (point: TrainingPoint) => {
    losses.push(point.trainingLoss);
    gradientNorms.push(point.gradientNorm);
    if (isPoint(point.step, optimisation.steps, pointEvery)) onPoint?.(point);
  };
  const diverged = await optimise(decoder, batches, optimisation, { ...rest, onStep });
  return {
    steps: losses.length,
    tokens: losses.length * batches.batchSize * batches.time,
    finalLoss: finalLossOf(losses),
    unigramEntropy: stream.unigramEntropy,
    diverged: diverged ?? divergenceAtEnd(losses, stream.unigramEntropy),
    losses,
    gradientNorms,
  };
}

/** The same training, step by step as it is asked for; the caller disposes it before the decoder. */
export function trainStepwise(
  decoder: Decoder,
  stream: TokenStream,
  recipe: TrainingRecipe,
  options: Pick<TrainingOptions, 'seed' | 'loss' | 'afterStep' | 'gradient' | 'trains'>,
): StepwiseOptimisation {
  const { seed, ...change } = options;
  const { batches, optimisation } = planned(decoder, stream, recipe, { seed });
  return new StepwiseOptimisation(decoder, batches, optimisation, change);
}

/** What a recipe means for a decoder and a text. */
function planned(
  decoder: Decoder,
  stream: TokenStream,
  recipe: TrainingRecipe,
  { seed, order }: Pick<TrainingOptions, 'seed' | 'order'>,
): { batches: BatchSource; optimisation: Optimisation } {
  const { config } = decoder;
  const { vocabularySize, contextLength: time } = config;
  const encoder = isEncoder(config);
  if (stream.vocabularySize > (encoder ? maskTokenOf(config) : vocabularySize)) {
    throw new ModelError(
      'invalid-config',
      `the tokens come from a vocabulary of ${stream.vocabularySize}, the model has ${vocabularySize}${encoder ? ', the last of them the mask' : ''}`,
    );
  }
  const plan = { seed, batchSize: recipe.batchSize, time, order };
  return {
    batches: encoder ? maskedBatches(stream, plan, maskTokenOf(config)) : trainingBatches(stream, plan),
    optimisation: optimisationOf(recipe, time),
  };
}

/** What a recipe means for the steps of a training with so many predictions in an item. */
export function optimisationOf(recipe: TrainingRecipe, predictions: number): Optimisation {
  const { weightDecay, gradientClip, optimiser = ADAMW, microBatchSize } = recipe;
  const steps = trainingSteps(recipe, predictions);
  return {
    steps,
    learningRate: (step) => learningRateAt(recipe, step, steps),
    optimiser,
    weightDecay,
    gradientClip,
    microBatchSize,
  };
}

/**
 * Where the training of a fresh decoder by a recipe stands behind one of its steps, counted from 1, of which more follow: `train` goes on
 * from it as if nothing had been cut. The decoder is trained that far. Throws `invalid-config` for another step, or where training
 * diverges before it.
 */
export async function stateAfter(
  decoder: Decoder,
  stream: TokenStream,
  recipe: TrainingRecipe,
  step: number,
  options: Pick<TrainingOptions, 'seed' | 'signal'>,
): Promise<TrainingState> {
  const steps = trainingSteps(recipe, decoder.config.contextLength);
  if (!Number.isInteger(step) || step < 1 || step >= steps) {
    throw new ModelError(
      'invalid-config',
      `a training of ${steps} steps has no state to go on from behind step ${step}`,
    );
  }
  let found: TrainingState | undefined;
  const save = (state: TrainingState) => {
    found = state;
  };
  const checkpoint = { due: (at: number) => at === step, save, once: true };
  await train(decoder, stream, recipe, { ...options, pointEvery: steps, checkpoint });
  if (found === undefined) throw new ModelError('invalid-config', `training diverges before step ${step}`);
  return found;
}

/** The first, the last, and every so many. */
export function isPoint(step: number, steps: number, pointEvery: number): boolean {
  return step === 1 || step === steps || step % pointEvery === 0;
}
