import { mean, sum, variance } from './moments.ts';
import { studentQuantile } from './student-t.ts';

/**
 * What is known of a mean contrast: blocks are drawn anew, items are shared by all blocks (docs/method.md, "Interval").
 * `blockVariance` and `itemVariance` are variances of the estimate itself, not of one draw.
 */
export interface Estimate {
  readonly effect: number;
  /** Number of blocks. */
  readonly n: number;
  /** Number of items; null when the contrasts are not resolved by item. */
  readonly items: number | null;
  readonly blockVariance: number;
  readonly itemVariance: number;
  /** sqrt(blockVariance + itemVariance). */
  readonly standardError: number;
  /** One contrast a block. */
  readonly contrasts: readonly number[];
}

/** The mean of one contrast a block, with the paired t interval's standard error. One block alone knows no spread. */
export function estimateFromBlocks(contrasts: readonly number[]): Estimate {
  const effect = mean(contrasts);
  const blockVariance = contrasts.length < 2 ? Number.POSITIVE_INFINITY : variance(contrasts) / contrasts.length;
  return {
    effect,
    n: contrasts.length,
    items: null,
    blockVariance,
    itemVariance: 0,
    standardError: Math.sqrt(blockVariance),
    contrasts,
  };
}

/**
 * The same from contrasts D[block][item], block by block in rows of equal length. The blocks' variance already holds
 * the block x item rest; what the items add beyond it is estimated from the column means.
 */
export function estimateFromItems(contrasts: readonly (readonly number[])[]): Estimate {
  const n = contrasts.length;
  const m = contrasts[0]?.length ?? 0;
  if (n === 0 || m === 0) throw new RangeError(`contrasts of ${n} blocks and ${m} items`);
  for (const [block, row] of contrasts.entries()) {
    if (row.length !== m) throw new RangeError(`block ${block} has ${row.length} items, block 0 has ${m}`);
  }
  const rows = contrasts.map((row) => mean(row));
  if (n < 2 || m < 2) return estimateFromBlocks(rows);
  const columns = Array.from({ length: m }, (_, item) => mean(contrasts.map((row) => row[item]!)));
  const effect = mean(rows);
  const rest = sum(
    contrasts.map((row, block) => sum(row.map((value, item) => (value - rows[block]! - columns[item]! + effect) ** 2))),
  );
  const restVariance = rest / ((n - 1) * (m - 1)) / (n * m);
  const blockVariance = variance(rows) / n;
  const itemVariance = Math.max(variance(columns) / m - restVariance, 0);
  return {
    effect,
    n,
    items: m,
    blockVariance,
    itemVariance,
    standardError: Math.sqrt(blockVariance + itemVariance),
    contrasts: rows,
  };
}

/** Half the width of the interval whose ends each miss with probability `level`; infinite for a single block. */
export function halfWidth(estimate: Estimate, level: number): number {
  if (estimate.n < 2) return Number.POSITIVE_INFINITY;
  const blocks = studentQuantile(1 - level, estimate.n - 1) ** 2 * estimate.blockVariance;
  const items =
    estimate.items === null || estimate.itemVariance === 0
      ? 0
      : studentQuantile(1 - level, estimate.items - 1) ** 2 * estimate.itemVariance;
  return Math.sqrt(blocks + items);
}

/** True where the spread is no more than rounding: the seed does not touch the contrast. */
export function withoutVariation(estimate: Estimate): boolean {
  const largest = Math.max(...estimate.contrasts.map(Math.abs));
  return estimate.n >= 2 && estimate.standardError <= 1e-12 * largest;
}

/** Two-sided t interval of a mean. */
export function studentInterval(values: readonly number[], level = 0.95): [number, number] {
  const estimate = estimateFromBlocks(values);
  const half = halfWidth(estimate, (1 - level) / 2);
  return [estimate.effect - half, estimate.effect + half];
}
