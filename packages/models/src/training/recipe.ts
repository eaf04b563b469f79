import type { OptimiserSpec } from './optimiser.ts';
import type { LearningRateSchedule } from './schedule.ts';

/**
 * How a model is trained. The number of steps follows from `tokens`. What is optional came later than the first recipes: left out it
 * means what they did.
 */
export interface TrainingRecipe {
  /** Tokens seen in all; the steps are `ceil(tokens / (batchSize * contextLength))`. */
  readonly tokens: number;
  /** Windows in a step. */
  readonly batchSize: number;
  readonly learningRate: number;
  /** Share of the steps in which the rate rises linearly. */
  readonly warmup: number;
  /** Decoupled (SGD and Adam: added to the gradient), on parameters of two dimensions and more. */
  readonly weightDecay: number;
  /** Largest global gradient norm; null: no clipping. */
  readonly gradientClip: number | null;
  /** After the rise; a cosine to a tenth of the rate where it is left out. */
  readonly schedule?: LearningRateSchedule | undefined;
  /** AdamW with `ADAMW` where it is left out. */
  readonly optimiser?: OptimiserSpec | undefined;
  /** Windows computed at once: a step adds up the gradients of as many parts as it takes. The whole batch where it is left out. */
  readonly microBatchSize?: number | undefined;
}

/** Momenta and epsilon of AdamW where a recipe names no optimiser. */
export const ADAMW = { kind: 'adamw', beta1: 0.9, beta2: 0.95, epsilon: 1e-8 } as const satisfies OptimiserSpec;

export function trainingSteps(recipe: TrainingRecipe, contextLength: number): number {
  return Math.ceil(recipe.tokens / (recipe.batchSize * contextLength));
}
