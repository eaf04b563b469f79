import { type ExperimentPlan, MAX_RUNS_PER_EXPERIMENT, type PlannedRun } from '@claimbench/contracts';

export interface SummaryOptions {
  /** Arm key to label; an arm without one is called by its key. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Spec hashes whose outcome exists already. */
  readonly reused?: ReadonlySet<string>;
  /** Runs that go on at once, over all connected workers; at least 1. */
  readonly slots: number;
  /** Runs that later stages may add. */
  readonly furtherRuns?: number;
  readonly notes?: readonly string[];
}

/** What a person sees before submitting: how many runs, how long, which arms. */
export function planSummary(runs: readonly PlannedRun[], options: SummaryOptions): ExperimentPlan {
  const { labels = {}, reused = new Set<string>(), slots, furtherRuns = 0, notes = [] } = options;
  const pending = distinct(runs).filter((run) => run.fresh || !reused.has(run.specHash));
  const computeSeconds = pending.reduce((total, run) => total + run.estimatedSeconds, 0);
  const arms = new Map<string, number>();
  for (const { arm, role } of runs) if (role !== 'base') arms.set(arm, (arms.get(arm) ?? 0) + 1);
  return {
    runs: runs.length,
    bases: runs.filter((run) => run.role === 'base').length,
    reused: distinct(runs).length - pending.length,
    computeSeconds,
    wallSeconds: wallSeconds(pending, Math.max(1, slots)),
    arms: [...arms].map(([arm, count]) => ({ arm, label: labels[arm] ?? arm, runs: count })),
    limit: MAX_RUNS_PER_EXPERIMENT,
    atMostRuns: runs.length + furtherRuns,
    notes: [...notes],
  };
}

/** Runs that are executed: several arms may share one, except where it must be executed afresh. */
function distinct(runs: readonly PlannedRun[]): PlannedRun[] {
  const seen = new Set<string>();
  return runs.filter((run) => {
    if (run.fresh) return true;
    if (seen.has(run.specHash)) return false;
    seen.add(run.specHash);
    return true;
  });
}

/** Plays the queue: runs start in order on the first free slot, none before its base has ended. */
function wallSeconds(runs: readonly PlannedRun[], slots: number): number {
  const free = Array.from({ length: Math.min(slots, runs.length) }, () => 0);
  const ended = new Map<string, number>();
  let last = 0;
  for (const run of [...runs].sort((a, b) => Number(a.base !== null) - Number(b.base !== null))) {
    const slot = free.indexOf(Math.min(...free));
    const start = Math.max(free[slot]!, run.base === null ? 0 : (ended.get(run.base) ?? 0));
    const end = start + run.estimatedSeconds;
    free[slot] = end;
    ended.set(run.specHash, end);
    last = Math.max(last, end);
  }
  return last;
}
