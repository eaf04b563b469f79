import type { Bounds } from '../numbers.ts';
import { type Axis, axisOver } from './axis.ts';

export type ForestTemplate = 'greater' | 'not-worse' | 'within' | 'rate' | 'exact' | 'count';

/** One estimate of a forest plot: oriented so that the claim says that it is above 0. */
export interface ForestRow {
  id: string;
  label: string;
  effect: number;
  interval: Bounds;
  unit: string;
  /** Smallest effect that counts, >= 0. */
  margin: number;
  template: ForestTemplate;
  n: number;
  verdict: 'supported' | 'contradicted' | 'inconclusive';
  /** The paper's own number, only where subject and unit are the same. */
  claimed?: number | null;
  /** One contrast a block. */
  contrasts?: readonly number[];
}

/** Where the rule draws its line: at +margin, at -margin, or at both; exact and counted parts have no line but zero. */
export function marginLines(row: Pick<ForestRow, 'template' | 'margin'>): number[] {
  switch (row.template) {
    case 'greater':
    case 'rate':
      return row.margin === 0 ? [] : [row.margin];
    case 'not-worse':
      return row.margin === 0 ? [] : [-row.margin];
    case 'within':
      return row.margin === 0 ? [] : [-row.margin, row.margin];
    case 'exact':
    case 'count':
      return [];
  }
}

/** The range of effects with which the claim agrees; null: nothing but exactly zero, or not a matter of range. */
export function agreeingRange(row: Pick<ForestRow, 'template' | 'margin'>): Bounds | null {
  switch (row.template) {
    case 'greater':
    case 'rate':
      return [row.margin, null];
    case 'not-worse':
      return [-row.margin, null];
    case 'within':
      return [-row.margin, row.margin];
    case 'exact':
    case 'count':
      return null;
  }
}

/** One axis for rows of one unit: holds zero, every finite interval end, margin line, claimed mark and contrast. */
export function forestAxis(rows: readonly ForestRow[], tickCount = 5): Axis {
  const values = rows.flatMap((row) => [
    row.effect,
    ...row.interval.filter((end) => end !== null),
    ...marginLines(row),
    ...(row.claimed === null || row.claimed === undefined ? [] : [row.claimed]),
    ...(row.contrasts ?? []),
  ]);
  return axisOver([0, ...values], { tickCount });
}

/** Rows in groups of one unit each, in the order in which the units appear: different units never share an axis. */
export function groupByUnit(rows: readonly ForestRow[]): { unit: string; rows: ForestRow[] }[] {
  const groups = new Map<string, ForestRow[]>();
  for (const row of rows) groups.set(row.unit, [...(groups.get(row.unit) ?? []), row]);
  return [...groups].map(([unit, members]) => ({ unit, rows: members }));
}
