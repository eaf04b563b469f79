import type { Contrast, MetricName, Outcome } from '@claimbench/contracts';
import { type Estimate, estimateFromBlocks, estimateFromItems } from './statistics/index.ts';

/** Outcomes by arm, then by block. */
export type OutcomesByArm = ReadonlyMap<string, ReadonlyMap<number, Outcome>>;

/** A metric that an outcome does not carry: the technique or the subject does not define it. */
export class MissingMetric extends Error {
  override readonly name = 'MissingMetric';
}

/** Value of a metric; throws MissingMetric, naming arm and block. */
export function metricOf(outcome: Outcome, metric: MetricName, arm: string, block: number): number {
  const value = outcome.metrics[metric];
  if (value === undefined) throw new MissingMetric(`the metric ${metric} is undefined for arm ${arm}, block ${block}`);
  return value;
}

/**
 * The estimate of a contrast over blocks 0 .. n - 1. Where every run has the metric item by item and the contrast is a plain
 * sum, the items' luck enters the interval; else one number a block is all there is (a diverged run has no items).
 */
export function estimateContrast(contrast: Contrast, outcomes: OutcomesByArm, blocks: readonly number[]): Estimate {
  const { metric, scale, terms } = contrast;
  const rows: number[][] = [];
  for (const block of blocks) {
    const row = scale === 'raw' ? itemContrasts(contrast, outcomes, block) : null;
    if (row === null) break;
    rows.push(row);
  }
  if (rows.length === blocks.length && rows.every((row) => row.length === rows[0]!.length)) {
    return estimateFromItems(rows);
  }
  return estimateFromBlocks(
    blocks.map((block) =>
      terms.reduce((total, { arm, coefficient }) => {
        const value = metricOf(outcomeOf(outcomes, arm, block), metric, arm, block);
        return total + coefficient * (scale === 'log' ? logOf(value, metric, arm, block) : value);
      }, 0),
    ),
  );
}

function logOf(value: number, metric: MetricName, arm: string, block: number): number {
  if (value > 0) return Math.log(value);
  throw new MissingMetric(`ln ${metric} is undefined for arm ${arm}, block ${block}, where it is ${value}`);
}

/** One value an item, or null where an arm has none for this metric. */
export function itemContrasts(contrast: Contrast, outcomes: OutcomesByArm, block: number): number[] | null {
  const items = contrast.terms.map(({ arm }) => outcomeOf(outcomes, arm, block).items);
  const first = items[0];
  if (!first) return null;
  const columns: number[][] = [];
  for (const list of items) {
    if (list?.metric !== contrast.metric || list.values.length !== first.values.length) return null;
    columns.push(list.values);
  }
  return first.values.map((_, item) =>
    contrast.terms.reduce((total, { coefficient }, term) => total + coefficient * columns[term]![item]!, 0),
  );
}

export function outcomeOf(outcomes: OutcomesByArm, arm: string, block: number): Outcome {
  const outcome = outcomes.get(arm)?.get(block);
  if (!outcome) throw new RangeError(`arm ${arm} has no outcome in block ${block}`);
  return outcome;
}
