import { crossEntropy, type Tensor } from '@claimbench/kernels';
import { checkExamples, type Examples, exampleBatches } from '../data/examples.ts';
import type { FeedForward } from '../vision/feed-forward.ts';
import { divergenceAtEnd, finalLossOf } from './divergence.ts';
import { optimiseNetwork, type StepOptions, type TrainingPoint } from './optimise.ts';
import type { TrainingRecipe } from './recipe.ts';
import { isPoint, optimisationOf, type TrainingResult } from './train.ts';

export interface ClassifierTrainingOptions extends Omit<StepOptions<FeedForward>, 'onStep' | 'loss' | 'recompute'> {
  /** Decides the order of the examples (stream 2). */
  readonly seed: number;
  /** A point every so many steps, and for the first and the last. */
  readonly pointEvery: number;
  readonly onPoint?: (point: TrainingPoint) => void;
}

/**
 * Trains a classifier in place by a recipe, on the mean cross-entropy of the labels. A recipe's tokens are examples, and so are those of
 * the result, whose losses are nats per example. Divergence is an outcome. Throws `invalid-config` where the examples do not fit.
 */
export async function trainClassifier(
  network: FeedForward,
  examples: Examples,
  recipe: TrainingRecipe,
  options: ClassifierTrainingOptions,
): Promise<TrainingResult> {
  checkExamples(network.config, examples);
  const { batchSize } = recipe;
  const optimisation = optimisationOf(recipe, 1);
  const { pointEvery, onPoint, seed, ...rest } = options;
  const losses: number[] = [];
  const gradientNorms: number[] = [];
  const onStep = (point: TrainingPoint) => {
    losses.push(point.trainingLoss);
    gradientNorms.push(point.gradientNorm);
    if (isPoint(point.step, optimisation.steps, pointEvery)) onPoint?.(point);
  };
  const diverged = await optimiseNetwork(network, exampleBatches(examples, seed, batchSize), optimisation, {
    ...rest,
    loss: labelLoss,
    onStep,
  });
  const words = { unit: 'nats/item', entropy: 'the entropy of the labels' };
  return {
    steps: losses.length,
    tokens: losses.length * batchSize,
    finalLoss: finalLossOf(losses),
    unigramEntropy: examples.labelEntropy,
    diverged: diverged ?? divergenceAtEnd(losses, examples.labelEntropy, words),
    losses,
    gradientNorms,
  };
}

/** Mean cross-entropy of labels `[batch, 1]` in nats/item, for features `[batch, size]`. */
export function labelLoss(network: FeedForward, features: Tensor, labels: Tensor): Tensor {
  return crossEntropy(network.logits(features), labels.reshape([labels.size]));
}
