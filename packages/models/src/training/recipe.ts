import { z } from 'zod';

/** How a model is trained: AdamW with linear warm-up and a cosine to a tenth of the rate. The number of steps follows from `tokens`. */
export const TrainingRecipe = z.strictObject({
  /** Tokens seen in all; the steps are `ceil(tokens / (batchSize * contextLength))`. */
  tokens: z.number().int().min(1),
  batchSize: z.number().int().min(1).max(1024),
  learningRate: z.number().positive().max(10),
  /** Share of the steps in which the rate rises linearly. */
  warmup: z.number().min(0).max(1),
  /** Decoupled, on parameters of two dimensions and more. */
  weightDecay: z.number().min(0).max(1),
  /** Largest global gradient norm; null: no clipping. */
  gradientClip: z.number().positive().nullable(),
});
export type TrainingRecipe = z.infer<typeof TrainingRecipe>;

/** Momenta and epsilon of AdamW, the same for every recipe. */
export const ADAMW = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8 } as const;

export function trainingSteps(recipe: TrainingRecipe, contextLength: number): number {
  return Math.ceil(recipe.tokens / (recipe.batchSize * contextLength));
}

/** Learning rate of a step, counted from 0: `(step + 1) / warm-up steps` of the rate, then a cosine from it to a tenth. */
export function learningRateAt(recipe: TrainingRecipe, step: number, steps: number): number {
  const { learningRate, warmup } = recipe;
  const warmupSteps = Math.ceil(warmup * steps);
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const progress = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  return learningRate * (0.1 + 0.45 * (1 + Math.cos(Math.PI * progress)));
}
