import type { TokenStream } from '../data/token-stream.ts';
import { trainingBatches } from '../data/training-windows.ts';
import type { Decoder } from '../decoder/decoder.ts';
import { ModelError } from '../model-error.ts';
import { type Divergence, divergenceAtEnd, finalLossOf } from './divergence.ts';
import { optimise, type StepOptions, type TrainingPoint } from './optimise.ts';
import { ADAMW, type TrainingRecipe, trainingSteps } from './recipe.ts';
import { learningRateAt } from './schedule.ts';

export interface TrainingOptions extends Omit<StepOptions, 'onStep'> {
  /** Decides the data order (stream 2); the first values of the parameters are the decoder's own affair. */
  readonly seed: number;
  /** A point every so many steps, and for the first and the last. */
  readonly pointEvery: number;
  readonly onPoint?: (point: TrainingPoint) => void;
}

export interface TrainingResult {
  /** Steps taken; fewer than planned only where training diverged. */
  readonly steps: number;
  readonly tokens: number;
  /** Mean of the last tenth of the steps, nats/token; not finite where training ended so. */
  readonly finalLoss: number;
  readonly unigramEntropy: number;
  readonly diverged: Divergence | null;
}

/**
 * Trains a decoder in place by a recipe on windows of the stream, as long as the decoder's context. Divergence is an outcome; only
 * what the caller did wrong, or cancelled, throws.
 */
export async function train(
  decoder: Decoder,
  stream: TokenStream,
  recipe: TrainingRecipe,
  options: TrainingOptions,
): Promise<TrainingResult> {
  const { vocabularySize, contextLength: time } = decoder.config;
  if (stream.vocabularySize > vocabularySize) {
    throw new ModelError(
      'invalid-config',
      `the tokens come from a vocabulary of ${stream.vocabularySize}, the model has ${vocabularySize}`,
    );
  }
  const { batchSize, weightDecay, gradientClip, optimiser = ADAMW, microBatchSize } = recipe;
  const steps = trainingSteps(recipe, time);
  const { pointEvery, onPoint, seed, ...rest } = options;
  const losses: number[] = [];
  const onStep = (point: TrainingPoint) => {
    losses.push(point.trainingLoss);
    const { step } = point;
    if (step === 1 || step === steps || step % pointEvery === 0) onPoint?.(point);
  };
  const diverged = await optimise(
    decoder,
    trainingBatches(stream, seed, batchSize, time),
    {
      steps,
      learningRate: (step) => learningRateAt(recipe, step, steps),
      optimiser,
      weightDecay,
      gradientClip,
      microBatchSize,
    },
    { ...rest, onStep },
  );
  return {
    steps: losses.length,
    tokens: losses.length * batchSize * time,
    finalLoss: finalLossOf(losses),
    unigramEntropy: stream.unigramEntropy,
    diverged: diverged ?? divergenceAtEnd(losses, stream.unigramEntropy),
  };
}
