'use client';
import type { ComparisonRow } from '@claimbench/contracts';
import { DoseChart, EmptyState, Loading, Segmented, Select } from '@claimbench/ui';
import { useQuery } from '@tanstack/react-query';
import { parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { experimentComparison } from '../api/queries.ts';
import { QueryView } from '../lists/query-view.tsx';
import { metricWording, spelledOut } from '../wording/metrics.ts';
import { doseSeries, variedParameters } from './comparison.ts';

/** The arms over the grid: the paired difference to the baseline, or the value, over a numeric parameter. */
export function ComparisonChart({ experimentId }: { experimentId: string }) {
  const comparison = useQuery(experimentComparison(experimentId));
  return (
    <QueryView query={comparison} what="the comparison" loading={<Loading lines={6} label="Loading the comparison" />}>
      {({ metric, rows }) =>
        rows.every((row) => row.n === 0) ? <NothingYet /> : <GridChart rows={rows} metric={metric} />
      }
    </QueryView>
  );
}

function GridChart({ rows, metric }: { rows: readonly ComparisonRow[]; metric: string }) {
  const [view, setView] = useQueryStates({
    x: parseAsString,
    y: parseAsStringLiteral(['difference', 'value'] as const).withDefault('difference'),
  });
  const axes = variedParameters(rows).filter((parameter) => parameter.numeric);
  const x = axes.find((parameter) => parameter.name === view.x)?.name ?? axes[0]?.name;
  if (x === undefined) {
    return (
      <EmptyState title="No numeric parameter was varied">The arms stand side by side in the table below.</EmptyState>
    );
  }
  const hasDifferences = rows.some((row) => row.difference !== null);
  const y =
    view.y === 'difference' && hasDifferences
      ? ({ kind: 'difference' } as const)
      : ({ kind: 'value', metric } as const);
  const series = doseSeries(rows, x, y);
  if (series.length === 0) return <NothingYet />;
  const wording = metricWording(metric);
  const counts = [...new Set(series.flatMap((one) => one.points.map((point) => point.n)))].sort((a, b) => a - b);
  const seeds = (count: number | undefined) => (count === 1 ? 'seed' : 'seeds');
  const n = counts.length === 1 ? `n = ${counts[0]} ${seeds(counts[0])}` : `n = ${counts[0]} to ${counts.at(-1)} seeds`;
  return (
    <DoseChart
      title={`${wording.title} over ${spelledOut(x).toLowerCase()}`}
      series={series}
      xLabel={spelledOut(x)}
      yLabel={y.kind === 'difference' ? 'Better than the baseline by' : wording.title}
      unit={y.kind === 'difference' ? wording.differenceUnit : wording.unit}
      reference={y.kind === 'difference' ? { value: 0, label: 'baseline' } : null}
      note={
        y.kind === 'difference'
          ? `${n}; whisker: 95 % interval of the difference, paired by seed`
          : `${n}; whisker: one standard deviation over seeds`
      }
      controls={
        <>
          {axes.length > 1 ? (
            <Select
              aria-label="Axis"
              value={x}
              onChange={(event) => setView({ x: event.target.value })}
              className="w-36"
            >
              {axes.map((parameter) => (
                <option key={parameter.name} value={parameter.name}>
                  {spelledOut(parameter.name)}
                </option>
              ))}
            </Select>
          ) : null}
          {hasDifferences ? (
            <Segmented
              label="Shown number"
              value={view.y}
              onChange={(next) => setView({ y: next })}
              options={[
                { value: 'difference', label: 'Difference' },
                { value: 'value', label: 'Value' },
              ]}
            />
          ) : null}
        </>
      }
    />
  );
}

function NothingYet() {
  return (
    <EmptyState title="Nothing to compare yet">
      Arms appear with their first finished runs, those that tune aside; differences to the baseline as soon as both
      have a seed in common.
    </EmptyState>
  );
}
