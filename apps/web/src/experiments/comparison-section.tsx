'use client';
import type { ComparisonRow } from '@claimbench/contracts';
import {
  axisOver,
  Cell,
  DoseChart,
  EmptyState,
  HeadCell,
  IntervalAxis,
  IntervalBar,
  Loading,
  Row,
  Segmented,
  Select,
  Table,
} from '@claimbench/ui';
import { useQuery } from '@tanstack/react-query';
import { parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs';
import { experimentComparison } from '../api/queries.ts';
import { QueryView } from '../lists/query-view.tsx';
import { metricDifference, metricUnit, metricValue, metricWording, spelledOut } from '../wording/metrics.ts';
import { doseSeries, metricsOf, variedParameters } from './comparison.ts';

/** Arms side by side: over the grid as a chart, each with its paired difference to the baseline as a table. */
export function ComparisonSection({ experimentId }: { experimentId: string }) {
  const comparison = useQuery(experimentComparison(experimentId));
  return (
    <QueryView query={comparison} what="the comparison" loading={<Loading lines={6} label="Loading the comparison" />}>
      {({ baseline, metric, rows }) =>
        rows.every((row) => row.n === 0) ? (
          <EmptyState title="Nothing to compare yet">
            Arms appear here with their first finished runs; differences to the baseline as soon as both have one seed
            in common.
          </EmptyState>
        ) : (
          <div className="space-y-8">
            <ComparisonChart rows={rows} metric={metric} />
            <ComparisonTable rows={rows} metric={metric} baseline={baseline} />
          </div>
        )
      }
    </QueryView>
  );
}

function ComparisonChart({ rows, metric }: { rows: readonly ComparisonRow[]; metric: string }) {
  const [view, setView] = useQueryStates({
    x: parseAsString,
    y: parseAsStringLiteral(['difference', 'value'] as const).withDefault('difference'),
  });
  const axes = variedParameters(rows).filter((parameter) => parameter.numeric);
  const x = axes.find((parameter) => parameter.name === view.x)?.name ?? axes[0]?.name;
  if (x === undefined) return null;
  const hasDifferences = rows.some((row) => row.difference !== null);
  const y =
    view.y === 'difference' && hasDifferences
      ? ({ kind: 'difference' } as const)
      : ({ kind: 'value', metric } as const);
  const series = doseSeries(rows, x, y);
  if (series.length === 0) return null;
  const wording = metricWording(metric);
  const counts = [...new Set(series.flatMap((one) => one.points.map((point) => point.n)))].sort((a, b) => a - b);
  const n = counts.length === 1 ? `n = ${counts[0]} seeds` : `n = ${counts[0]} to ${counts.at(-1)} seeds`;
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

function ComparisonTable({
  rows,
  metric,
  baseline,
}: {
  rows: readonly ComparisonRow[];
  metric: string;
  baseline: string | null;
}) {
  const metrics = metricsOf(rows);
  const others = metrics.filter((name) => name !== metric);
  const { factor, differenceUnit, title } = metricWording(metric);
  const scaled = (value: number | null) => (value === null ? null : value * factor);
  const differences = rows.flatMap((row) => (row.difference ? [row.difference] : []));
  const axis = axisOver(
    [0, ...differences.flatMap((d) => [d.effect, ...d.interval]).flatMap((v) => (v === null ? [] : [v * factor]))],
    { tickCount: 4 },
  );
  return (
    <div>
      <Table label="Arms">
        <thead>
          <tr>
            <HeadCell>Arm</HeadCell>
            <HeadCell numeric unit={metricUnit(metric)}>
              {title}
            </HeadCell>
            {differences.length > 0 ? (
              <>
                <HeadCell numeric unit={differenceUnit}>
                  Better than baseline by
                </HeadCell>
                <HeadCell className="w-56 min-w-40 max-sm:hidden">95 % interval</HeadCell>
              </>
            ) : null}
            <HeadCell numeric>n</HeadCell>
            <HeadCell numeric>Failed</HeadCell>
            {others.map((name) => (
              <HeadCell key={name} numeric unit={metricUnit(name)}>
                {metricWording(name).title}
              </HeadCell>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const value = row.metrics[metric];
            return (
              <Row key={row.arm}>
                <Cell>
                  {row.label}
                  {row.arm === baseline ? <span className="text-ink-faint"> (baseline)</span> : null}
                </Cell>
                <Cell numeric>{value ? metricValue(metric, value.mean, value.sd, row.n) : ''}</Cell>
                {differences.length > 0 ? (
                  <>
                    <Cell numeric>
                      {row.difference
                        ? metricDifference(metric, row.difference.effect, row.difference.interval).value
                        : ''}
                    </Cell>
                    <Cell aria-hidden="true" className="py-0 align-middle max-sm:hidden">
                      {row.difference ? (
                        <IntervalBar
                          axis={axis}
                          effect={row.difference.effect * factor}
                          interval={[scaled(row.difference.interval[0]), scaled(row.difference.interval[1])]}
                          className="h-7"
                        />
                      ) : null}
                    </Cell>
                  </>
                ) : null}
                <Cell numeric>{row.n}</Cell>
                <Cell numeric className={row.failed > 0 ? 'text-contradicted' : 'text-ink-faint'}>
                  {row.failed}
                </Cell>
                {others.map((name) => {
                  const other = row.metrics[name];
                  return (
                    <Cell key={name} numeric>
                      {other ? metricValue(name, other.mean, other.sd, row.n) : ''}
                    </Cell>
                  );
                })}
              </Row>
            );
          })}
        </tbody>
        {differences.length > 0 ? (
          <tfoot className="max-sm:hidden">
            <tr>
              <td colSpan={3} />
              <td className="px-2">
                <IntervalAxis axis={axis} />
              </td>
            </tr>
          </tfoot>
        ) : null}
      </Table>
      <p className="mt-2 text-xs text-ink-faint">
        Means over seeds ± one standard deviation. Differences are paired by seed and oriented so that above 0 is
        better; their ± and whiskers are 95 % intervals.
      </p>
    </div>
  );
}
