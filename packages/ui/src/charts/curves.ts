/** Curves of one arm: what was measured at each step, over the arm's runs. */
export interface CurvePoint {
  x: number;
  mean: number;
  low: number;
  high: number;
}
export interface CurveSeries {
  id: string;
  label: string;
  /** Number of runs behind it. */
  n: number;
  points: readonly CurvePoint[];
}

/** One row per x; `values[i]` belongs to `series[i]`, null where that series has no point there. */
export interface CurveRow {
  x: number;
  values: (CurvePoint | null)[];
}

/** Lines up series of different length and different steps on one x axis. */
export function alignByX(series: readonly CurveSeries[]): CurveRow[] {
  const rows = new Map<number, CurveRow>();
  series.forEach((one, index) => {
    for (const point of one.points) {
      const row = rows.get(point.x) ?? { x: point.x, values: series.map(() => null) };
      row.values[index] = point;
      rows.set(point.x, row);
    }
  });
  return [...rows.values()].sort((a, b) => a.x - b.x);
}
