import { type Contrast, type MetricName, type Outcome, TIMED_METRICS } from '@claimbench/contracts';
import { type Estimate, estimateFromBlocks, estimateFromItems, leastSquares } from './statistics/index.ts';
import { dispersionContrasts, frontierGap, trendContrasts } from './verdicts/contrasts.ts';

/** Outcomes by arm, then by block. */
export type OutcomesByArm = ReadonlyMap<string, ReadonlyMap<number, Outcome>>;

/** A metric that an outcome does not carry: the technique or the subject does not define it. */
export class MissingMetric extends Error {
  override readonly name = 'MissingMetric';
}

/** Value of a metric; throws MissingMetric, naming arm and block. */
export function metricOf(outcome: Outcome, metric: MetricName, arm: string, block: number): number {
  const value = TIMED_METRICS.includes(metric) ? outcome.timings[metric] : outcome.metrics[metric];
  if (value === undefined) throw new MissingMetric(`the metric ${metric} is undefined for arm ${arm}, block ${block}`);
  return value;
}

/**
 * The estimate of a contrast over blocks 0 .. n - 1. Where every run has the metric item by item and the contrast is a plain
 * sum, the items' luck enters the interval; else one number a block is all there is (a diverged run has no items).
 */
export function estimateContrast(contrast: Contrast, outcomes: OutcomesByArm, blocks: readonly number[]): Estimate {
  const rows: number[][] = [];
  for (const block of blocks) {
    const row = itemContrasts(contrast, outcomes, block);
    if (row === null) break;
    rows.push(row);
  }
  if (rows.length === blocks.length && rows.every((row) => row.length === rows[0]!.length)) {
    return estimateFromItems(rows);
  }
  return estimateFromBlocks(blocks.map((block) => blockContrast(contrast, outcomes, block)));
}

/** The contrast of one block from its arms' metrics. Throws MissingMetric where it is no number. */
export function blockContrast(contrast: Contrast, outcomes: OutcomesByArm, block: number): number {
  const undefinedHere = (why: string) => {
    const what = `the ${contrast.shape?.kind ?? 'contrast'} of ${contrast.metric} is undefined in block ${block}`;
    return new MissingMetric(why === '' ? what : `${what}: ${why}`);
  };
  try {
    const value = combined(contrast, outcomes, block);
    if (Number.isFinite(value)) return value;
  } catch (error) {
    // Frontiers that do not overlap: an outcome of the runs, not a fault of the program.
    if (contrast.shape?.kind !== 'frontier' || !(error instanceof RangeError)) throw error;
    throw undefinedHere(error.message);
  }
  throw undefinedHere('');
}

function combined(contrast: Contrast, outcomes: OutcomesByArm, block: number): number {
  const { shape, plus = 0 } = contrast;
  const terms = contrast.terms.map(({ arm, coefficient, dose, metric = contrast.metric }) => {
    const outcome = outcomeOf(outcomes, arm, block);
    const value = metricOf(outcome, metric, arm, block);
    return { arm, coefficient, dose, outcome, value: scaled(value, contrast.scale, metric, arm, block) };
  });
  const above = terms.filter(({ coefficient }) => coefficient > 0);
  const below = terms.filter(({ coefficient }) => coefficient < 0);
  switch (shape?.kind) {
    case undefined:
      return terms.reduce((total, { coefficient, value }) => total + coefficient * value, 0) + plus;
    case 'trend': {
      const effects = new Map<number, number>();
      for (const { dose, coefficient, value } of terms) {
        const at = doseOf(dose, contrast);
        effects.set(at, (effects.get(at) ?? 0) + coefficient * value);
      }
      return trendContrasts([...effects.keys()], [[...effects.values()]])[0]! + plus;
    }
    case 'exponent': {
      const doses = terms.map(({ dose }) => Math.log(doseOf(dose, contrast)));
      const values = terms.map(({ arm, value }) => logOf(value, contrast.metric, arm, block));
      return Math.sign(terms[0]!.coefficient) * leastSquares(doses, values).slope + plus;
    }
    case 'frontier': {
      const cost = ({ arm, outcome }: (typeof terms)[number]) => metricOf(outcome, shape.cost, arm, block);
      const quality = above.map(({ coefficient, value }) => coefficient * value);
      const rival = below.map(({ coefficient, value }) => -coefficient * value);
      return frontierGap({ cost: above.map(cost), quality }, { cost: below.map(cost), quality: rival }) + plus;
    }
    case 'dispersion': {
      const spread = (group: typeof terms) => [group.map(({ value }) => value)];
      return dispersionContrasts(spread(above), spread(below))[0]! + plus;
    }
  }
}

function doseOf(dose: number | undefined, { shape }: Contrast): number {
  if (dose === undefined) throw new RangeError(`a contrast of the shape ${shape?.kind} needs a dose with every term`);
  return dose;
}

function scaled(value: number, scale: Contrast['scale'], metric: MetricName, arm: string, block: number): number {
  switch (scale) {
    case 'raw':
      return value;
    case 'log':
      return logOf(value, metric, arm, block);
    case 'atanh':
      if (Math.abs(value) < 1) return Math.atanh(value);
      throw new MissingMetric(`atanh ${metric} is undefined for arm ${arm}, block ${block}, where it is ${value}`);
  }
}

function logOf(value: number, metric: MetricName, arm: string, block: number): number {
  if (value > 0) return Math.log(value);
  throw new MissingMetric(`ln ${metric} is undefined for arm ${arm}, block ${block}, where it is ${value}`);
}

/** One value an item, or null where an arm has none for this metric or the contrast is no plain sum. */
export function itemContrasts(contrast: Contrast, outcomes: OutcomesByArm, block: number): number[] | null {
  const { scale, shape, plus = 0 } = contrast;
  if (scale !== 'raw' || shape || contrast.terms.some(({ metric }) => metric && metric !== contrast.metric))
    return null;
  const items = contrast.terms.map(({ arm }) => outcomeOf(outcomes, arm, block).items);
  const first = items[0];
  if (!first) return null;
  const columns: number[][] = [];
  for (const list of items) {
    if (list?.metric !== contrast.metric || list.values.length !== first.values.length) return null;
    columns.push(list.values);
  }
  return first.values.map((_, item) =>
    contrast.terms.reduce((total, { coefficient }, term) => total + coefficient * columns[term]![item]!, plus),
  );
}

export function outcomeOf(outcomes: OutcomesByArm, arm: string, block: number): Outcome {
  const outcome = outcomes.get(arm)?.get(block);
  if (!outcome) throw new RangeError(`arm ${arm} has no outcome in block ${block}`);
  return outcome;
}
