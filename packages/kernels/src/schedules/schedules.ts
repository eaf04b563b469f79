/** A learning rate over the steps, counted from 0. Rates of schedules with a warm-up rise linearly in its steps, from 0 at step 0. */
export type RateSchedule =
  | { readonly kind: 'constant'; readonly warmup: number }
  /** Down to 0 at step `total`. */
  | { readonly kind: 'linear'; readonly warmup: number; readonly total: number }
  /** `cycles` periods of a cosine until step `total`, 0 below 0: half a one falls to 0. */
  | { readonly kind: 'cosine'; readonly warmup: number; readonly total: number; readonly cycles: number }
  /** sqrt(timescale / (step - warmup + timescale)). */
  | { readonly kind: 'inverse-square-root'; readonly warmup: number; readonly timescale: number }
  /** Half a cosine from the rate to `final` in `period` steps, and back in as many (Loshchilov and Hutter 2017, without restarts). */
  | { readonly kind: 'cosine-annealing'; readonly period: number; readonly final: number }
  /** A factor on a line from `from` to `to` in `steps` steps; then `to`. */
  | { readonly kind: 'line'; readonly from: number; readonly to: number; readonly steps: number }
  /** Times `factor` after every `every` steps. */
  | { readonly kind: 'steps'; readonly every: number; readonly factor: number }
  /** Times `factor` after every step. */
  | { readonly kind: 'exponential'; readonly factor: number }
  /**
   * Half a cosine from the rate over `startDivisor` up to the rate in the share `rise` of `total` steps, and half a one down to the first rate over `finalDivisor`
   * (Smith and Topin 2018).
   */
  | {
      readonly kind: 'one-cycle';
      readonly total: number;
      readonly rise: number;
      readonly startDivisor: number;
      readonly finalDivisor: number;
    };

/** The rate of a step; `rate` is the highest, or the first where the schedule only falls. */
export function scheduledRate(rate: number, schedule: RateSchedule, step: number): number {
  if ('warmup' in schedule && step < schedule.warmup) return (rate * step) / Math.max(1, schedule.warmup);
  switch (schedule.kind) {
    case 'constant':
      return rate;
    case 'linear':
      return rate * Math.max(0, 1 - progressOf(schedule, step));
    case 'cosine':
      return rate * Math.max(0, annealed('cosine', 1, 0, 2 * schedule.cycles * progressOf(schedule, step)));
    case 'inverse-square-root':
      return rate / Math.sqrt((step - schedule.warmup + schedule.timescale) / schedule.timescale);
    case 'cosine-annealing':
      return annealed('cosine', rate, schedule.final, step / schedule.period);
    case 'line':
      return rate * annealed('linear', schedule.from, schedule.to, Math.min(1, step / schedule.steps));
    case 'steps':
      return rate * schedule.factor ** Math.floor(step / schedule.every);
    case 'exponential':
      return rate * schedule.factor ** step;
    case 'one-cycle': {
      const first = rate / schedule.startDivisor;
      const top = schedule.rise * schedule.total - 1;
      if (step <= top) return annealed('cosine', first, rate, step / top);
      return annealed('cosine', rate, first / schedule.finalDivisor, (step - top) / (schedule.total - 1 - top));
    }
  }
}

/** From `from` at progress 0 to `to` at progress 1, on a line or on half a cosine. */
export function annealed(shape: 'linear' | 'cosine', from: number, to: number, progress: number): number {
  if (shape === 'linear') return to + (from - to) * (1 - progress);
  return to + ((from - to) / 2) * (1 + Math.cos(Math.PI * progress));
}

/** Share of the steps after the warm-up that are over. */
function progressOf({ warmup, total }: { readonly warmup: number; readonly total: number }, step: number): number {
  return (step - warmup) / Math.max(1, total - warmup);
}
