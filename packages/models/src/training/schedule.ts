import { annealed } from '@claimbench/kernels';

/**
 * How the learning rate goes on after its linear rise. `final` is the rate at the end as a share of the highest.
 * `warmup-stable-decay` stays at the highest rate and falls in the last `decay` share of the steps (Hu et al. 2024), there as `shape`
 * says: on a line, on half a cosine, or as 1 - sqrt(progress) (Hägele et al. 2024).
 */
export type LearningRateSchedule =
  | { readonly kind: 'constant' }
  | { readonly kind: 'cosine'; readonly final: number }
  | { readonly kind: 'linear'; readonly final: number }
  | {
      readonly kind: 'warmup-stable-decay';
      readonly decay: number;
      readonly shape: 'linear' | 'cosine' | 'one-minus-square-root';
      readonly final: number;
    };

/** What a recipe that names no schedule follows: a cosine to a tenth of the rate. */
export const DEFAULT_SCHEDULE: LearningRateSchedule = { kind: 'cosine', final: 0.1 };

export interface ScheduledRate {
  /** The highest rate. */
  readonly learningRate: number;
  /** Share of the steps in which the rate rises linearly. */
  readonly warmup: number;
  readonly schedule?: LearningRateSchedule | undefined;
}

/**
 * Learning rate of a step, counted from 0: `(step + 1) / warm-up steps` of the highest rate, then what the schedule says. The step after
 * the last would have the final rate. Where rise and fall overlap, the fall waits.
 */
export function learningRateAt(rate: ScheduledRate, step: number, steps: number): number {
  const { learningRate, warmup, schedule = DEFAULT_SCHEDULE } = rate;
  const warmupSteps = Math.ceil(warmup * steps);
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const falling = steps - warmupSteps;
  const progressOver = (fall: number) => Math.max(0, (step - (steps - fall)) / Math.max(1, fall));
  switch (schedule.kind) {
    case 'constant':
      return learningRate;
    case 'cosine':
    case 'linear':
      return learningRate * shareAt(schedule.kind, progressOver(falling), schedule.final);
    case 'warmup-stable-decay': {
      const fall = Math.min(Math.ceil(schedule.decay * steps), falling);
      return learningRate * shareAt(schedule.shape, progressOver(fall), schedule.final);
    }
  }
}

/** From 1 at progress 0 to `final` at progress 1. */
function shareAt(shape: 'linear' | 'cosine' | 'one-minus-square-root', progress: number, final: number): number {
  if (shape !== 'one-minus-square-root') return annealed(shape, 1, final, progress);
  return final + (1 - final) * (1 - Math.sqrt(progress));
}
