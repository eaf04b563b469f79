import { interpolate, leastSquares, standardDeviation } from '../statistics/index.ts';

/**
 * From measured values to contrasts: one number a block, oriented so that the claim says it is above 0. Every function
 * takes rows [block][...] and gives one contrast a block; sums of arms (differences, interactions) need none of these.
 */

/** Trend: least-squares change of the effect over the whole range of the dose. `effects[block][dose]`. */
export function trendContrasts(doses: readonly number[], effects: readonly (readonly number[])[]): number[] {
  const range = Math.max(...doses) - Math.min(...doses);
  return effects.map((row) => leastSquares(doses, row).slope * range);
}

/** Gap closure: (base - arm) - share x (base - reference), of losses. */
export function gapContrasts(
  base: readonly number[],
  arm: readonly number[],
  reference: readonly number[],
  share: number,
): number[] {
  return base.map((value, block) => value - at(arm, block) - share * (value - at(reference, block)));
}

/** Dispersion: ln(sd of the baseline / sd of the technique) over the same nuisance levels, `values[block][level]`. */
export function dispersionContrasts(
  base: readonly (readonly number[])[],
  technique: readonly (readonly number[])[],
): number[] {
  return base.map((row, block) => Math.log(standardDeviation(row) / standardDeviation(at(technique, block))));
}

/** Association: atanh of the correlation minus atanh of its control's. */
export function associationContrasts(correlations: readonly number[], control: readonly number[]): number[] {
  return correlations.map((r, block) => Math.atanh(r) - Math.atanh(at(control, block)));
}

/**
 * Time to target: ln(steps of the baseline / steps of the technique). null = not reached: the technique then counts as
 * two budgets, the baseline as one, both together as a tie.
 */
export function timeToTargetContrasts(
  base: readonly (number | null)[],
  technique: readonly (number | null)[],
  budget: number,
): number[] {
  return base.map((steps, block) => {
    const other = at(technique, block);
    if (steps === null && other === null) return 0;
    return Math.log((steps ?? budget) / (other ?? 2 * budget));
  });
}

const FRONTIER_POINTS = 33;

/**
 * Frontier: mean of quality(technique) - quality(baseline) at equal cost, over 33 equally spaced points of the common
 * range of log cost, both curves interpolated linearly. Higher quality is better. Points need not be sorted.
 */
export function frontierGap(
  technique: { cost: readonly number[]; quality: readonly number[] },
  baseline: { cost: readonly number[]; quality: readonly number[] },
): number {
  const [xa, ya] = byLogCost(technique);
  const [xb, yb] = byLogCost(baseline);
  const low = Math.max(xa[0]!, xb[0]!);
  const high = Math.min(xa.at(-1)!, xb.at(-1)!);
  if (!(low < high)) throw new RangeError('the two frontiers have no common range of cost');
  let total = 0;
  for (let i = 0; i < FRONTIER_POINTS; i++) {
    // The ends are taken as they are: computed from the share they could fall outside by a rounding.
    const x = i === 0 ? low : i === FRONTIER_POINTS - 1 ? high : low + ((high - low) * i) / (FRONTIER_POINTS - 1);
    total += interpolate(xa, ya, x) - interpolate(xb, yb, x);
  }
  return total / FRONTIER_POINTS;
}

function byLogCost({ cost, quality }: { cost: readonly number[]; quality: readonly number[] }): [number[], number[]] {
  const order = cost.map((_, i) => i).sort((a, b) => cost[a]! - cost[b]!);
  return [order.map((i) => Math.log(cost[i]!)), order.map((i) => quality[i]!)];
}

function at<T>(values: readonly T[], block: number): T {
  const value = values[block];
  if (value === undefined) throw new RangeError(`block ${block} is missing in one of the arms`);
  return value;
}
