import {
  LOSS_METRIC,
  type MetricName,
  type Protocol,
  type RegisteredProtocol,
  type TuningResult,
} from '@claimbench/contracts';
import { metricOf } from '../contrast.ts';
import { mean } from '../statistics/index.ts';
import { type ProtocolArm, trainingKeysOf } from './arms.ts';
import { type Rates, type SeedlessDraft, tunedArms, tuningDrafts } from './drafts.ts';
import { type History, type Size, tuningKey } from './history.ts';

/** How often the grid may grow towards a best rate at its edge before the tuning counts as unfinished. */
export const MOST_EXTENSIONS = 2;

export type TuningState =
  | { readonly done: false; readonly drafts: SeedlessDraft[] }
  | { readonly done: true; readonly rates: Rates; readonly grid: readonly number[]; readonly results: TuningResult[] };

/**
 * Where the tuning of one size stands, from the finished runs alone. All arms get the same rates and seeds: when the best rate of
 * one lies at the edge of the grid, the grid grows by a step on that side for every arm.
 */
export function tuningState(
  registered: RegisteredProtocol,
  arms: readonly ProtocolArm[],
  size: Size,
  history: History,
): TuningState {
  const { tuning } = registered.protocol;
  if (!tuning) return { done: true, rates: new Map(), grid: [], results: [] };
  const tuned = tunedArms(registered.protocol, arms, size);
  const decisive = comparedKeys(registered.protocol, arms);
  let grid = [...tuning.values].sort((a, b) => a - b);
  for (let extensions = 0; ; extensions++) {
    const drafts = tuningDrafts(registered, arms, size, grid);
    const missing = drafts.filter((draft) => !history.outcome(draft.arm, draft.block));
    if (missing.length > 0) return { done: false, drafts: missing };
    const results = tuned.map((arm) =>
      resultOf(arm, size, grid, tuning.seeds, LOSS_METRIC[registered.subject.kind], history),
    );
    // Where a control (no norm, say) has its best rate decides nothing: only what the parts compare moves the grid.
    const edges = results.filter((_, i) => decisive.has(tuned[i]!.trainingKey));
    const atLow = edges.some((result) => result.best === grid[0]);
    const atHigh = edges.some((result) => result.best === grid.at(-1));
    if (extensions === MOST_EXTENSIONS || !(atLow || atHigh)) {
      const rates = new Map(tuned.map((arm, i) => [arm.trainingKey, results[i]!.best]));
      return { done: true, rates, grid, results };
    }
    grid = extended(grid, atLow, atHigh);
  }
}

/** Keys of the models whose training the parts compare. */
export function comparedKeys({ parts }: Protocol, arms: readonly ProtocolArm[]): ReadonlySet<string> {
  const compared = new Set(parts.flatMap((part) => part.contrast.terms.map(({ arm }) => arm)));
  return trainingKeysOf(arms, compared);
}

/** The grid one step longer on either side, in its own factor there. */
function extended(grid: readonly number[], low: boolean, high: boolean): number[] {
  const round = (value: number) => Number(value.toPrecision(6));
  const below = low ? [round(grid[0]! ** 2 / grid[1]!)] : [];
  const above = high ? [round(grid.at(-1)! ** 2 / grid.at(-2)!)] : [];
  return [...below, ...grid, ...above];
}

function resultOf(
  { arm }: ProtocolArm,
  size: Size,
  grid: readonly number[],
  seeds: number,
  loss: MetricName,
  history: History,
): TuningResult {
  const trials = grid.map((value) => {
    const key = tuningKey(size, arm.id, value);
    const losses = Array.from({ length: seeds }, (_, block) =>
      metricOf(history.outcome(key, block)!, loss, key, block),
    );
    return { value, loss: mean(losses) };
  });
  // The smaller rate wins a tie: trials are in ascending order and only a lower loss replaces the best.
  const best = trials.reduce((least, trial) => (trial.loss < least.loss ? trial : least));
  return { arm: arm.id, trials, best: best.value, bestAtEdge: best === trials[0] || best === trials.at(-1) };
}
