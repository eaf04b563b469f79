import { type ComparisonRow, METRICS, type MetricName, type Outcome } from '@claimbench/contracts';
import { estimateContrast, type OutcomesByArm } from '../contrast.ts';
import type { FinishedRun } from '../finished-run.ts';
import { halfWidth, mean, standardDeviation } from '../statistics/index.ts';

export interface ComparisonOptions {
  /** Arm that the others are compared with; null: none. */
  readonly baseline: string | null;
  readonly metric: MetricName;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * One row an arm, in the order of the runs: mean and spread of every metric, and the paired difference to the baseline with
 * its 95 % interval, positive where the arm is better. Only blocks in which both arms have an outcome are compared.
 */
export function compareArms(runs: readonly FinishedRun[], options: ComparisonOptions): ComparisonRow[] {
  const compared = runs.filter((run) => run.role === 'judged' || run.role === 'control');
  const arms = Map.groupBy(compared, (run) => run.arm);
  const outcomes = new Map(
    [...arms].map(([arm, ofArm]) => [
      arm,
      new Map(ofArm.flatMap((run) => (run.outcome ? [[run.block, run.outcome] as const] : []))),
    ]),
  );
  return [...arms].map(([arm, ofArm]) => {
    const first = ofArm[0]!;
    const measured = [...outcomes.get(arm)!.values()];
    return {
      arm,
      label: options.labels?.[arm] ?? arm,
      technique: first.spec.technique.id,
      parameters: first.spec.technique.parameters,
      n: measured.length,
      failed: ofArm.filter((run) => run.outcome === null || run.outcome.diverged !== null).length,
      metrics: metricsOf(measured),
      difference: difference(arm, outcomes, options),
    };
  });
}

function metricsOf(outcomes: readonly Outcome[]): ComparisonRow['metrics'] {
  const names = new Set(outcomes.flatMap((outcome) => Object.keys(outcome.metrics)));
  const metrics: ComparisonRow['metrics'] = {};
  for (const name of names) {
    const values = outcomes.flatMap((outcome) => outcome.metrics[name] ?? []);
    metrics[name] = { mean: mean(values), sd: values.length < 2 ? null : standardDeviation(values) };
  }
  return metrics;
}

function difference(arm: string, outcomes: OutcomesByArm, options: ComparisonOptions): ComparisonRow['difference'] {
  const { baseline, metric } = options;
  if (baseline === null || arm === baseline) return null;
  const has = (name: string, block: number) => outcomes.get(name)?.get(block)?.metrics[metric] !== undefined;
  const blocks = [...(outcomes.get(arm)?.keys() ?? [])].filter((block) => has(arm, block) && has(baseline, block));
  if (blocks.length === 0) return null;
  const sign = METRICS[metric].better === 'lower' ? 1 : -1;
  const terms = [
    { arm: baseline, coefficient: sign },
    { arm, coefficient: -sign },
  ];
  const estimate = estimateContrast({ metric, scale: 'raw', terms }, outcomes, blocks);
  const half = halfWidth(estimate, 0.025);
  const finite = (end: number) => (Number.isFinite(end) ? end : null);
  return {
    metric,
    effect: estimate.effect,
    interval: [finite(estimate.effect - half), finite(estimate.effect + half)],
    n: estimate.n,
  };
}
