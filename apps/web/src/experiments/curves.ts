import type { CurveSeries } from '@claimbench/ui';

export interface ArmCurves {
  arm: string;
  label: string;
  runs: readonly {
    runId: string;
    count: number;
    buckets: readonly { step: number; mean: number; min: number; max: number; count: number }[];
  }[];
}

/** One line an arm: at each step the mean over the runs that have it, and the range over those runs. */
export function armSeries(arms: readonly ArmCurves[]): CurveSeries[] {
  return arms
    .map((arm) => {
      const atStep = new Map<number, number[]>();
      for (const run of arm.runs) {
        for (const bucket of run.buckets) {
          atStep.set(bucket.step, [...(atStep.get(bucket.step) ?? []), bucket.mean]);
        }
      }
      const points = [...atStep]
        .sort(([a], [b]) => a - b)
        .map(([x, values]) => ({
          x,
          mean: values.reduce((sum, value) => sum + value, 0) / values.length,
          low: Math.min(...values),
          high: Math.max(...values),
        }));
      return { id: arm.arm, label: arm.label, n: arm.runs.filter((run) => run.buckets.length > 0).length, points };
    })
    .filter((series) => series.points.length > 0);
}

/** How many buckets are drawn for how many measured points. */
export function drawnOf(arms: readonly ArmCurves[]): { buckets: number; points: number } {
  let buckets = 0;
  let points = 0;
  for (const run of arms.flatMap((arm) => arm.runs)) {
    buckets += run.buckets.length;
    points += run.count;
  }
  return { buckets, points };
}
