'use client';
import type { ComparisonRow } from '@claimbench/contracts';
import { axisOver, Cell, EmptyState, HeadCell, IntervalAxis, IntervalBar, Loading, Row, Table } from '@claimbench/ui';
import { useQuery } from '@tanstack/react-query';
import { experimentComparison } from '../api/queries.ts';
import { QueryView } from '../lists/query-view.tsx';
import { metricDifference, metricUnit, metricValue, metricWording } from '../wording/metrics.ts';
import { metricsOf } from './comparison.ts';

/** Every arm with its numbers, and its paired difference to the baseline on one axis. */
export function ArmTable({ experimentId }: { experimentId: string }) {
  const comparison = useQuery(experimentComparison(experimentId));
  return (
    <QueryView query={comparison} what="the arms" loading={<Loading lines={6} label="Loading the arms" />}>
      {({ baseline, metric, rows }) =>
        rows.every((row) => row.n === 0) ? (
          <EmptyState title="Nothing to show yet">
            Each arm appears here with its first finished run, those that tune aside.
          </EmptyState>
        ) : (
          <Arms rows={rows} metric={metric} baseline={baseline} />
        )
      }
    </QueryView>
  );
}

function Arms({ rows, metric, baseline }: { rows: readonly ComparisonRow[]; metric: string; baseline: string | null }) {
  const metrics = metricsOf(rows);
  const rest = metrics.filter((name) => name !== metric);
  const same = rest.filter((name) => sameEverywhere(rows, name));
  const others = rest.filter((name) => !same.includes(name));
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
            <HeadCell className="min-w-52">Arm</HeadCell>
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
      <p className="mt-2 max-w-[60rem] text-xs text-ink-faint">
        Means over seeds ± one standard deviation. Differences are paired by seed and oriented so that above 0 is
        better; their ± and whiskers are 95 % intervals.
        {rows.some((row) => row.failed > 0)
          ? ' Failed counts runs without an outcome and runs that diverged, whose loss is the unigram entropy.'
          : ''}
        {same.length > 0 ? ` The same for all arms: ${same.map((name) => sameWords(rows, name)).join(', ')}.` : ''}
      </p>
    </div>
  );
}

/** A metric that every arm has, exactly alike, tells nothing as a column. */
function sameEverywhere(rows: readonly ComparisonRow[], name: string): boolean {
  const [first, ...others] = rows.map((row) => row.metrics[name]);
  return (
    rows.length > 1 &&
    first !== undefined &&
    (first.sd ?? 0) === 0 &&
    others.every((value) => value?.mean === first.mean && (value.sd ?? 0) === 0)
  );
}

function sameWords(rows: readonly ComparisonRow[], name: string): string {
  const [row] = rows;
  const value = row?.metrics[name];
  if (!row || !value) return '';
  const unit = metricUnit(name);
  const number = metricValue(name, value.mean, value.sd, row.n);
  return `${metricWording(name).title.toLowerCase()} ${number}${unit ? ` ${unit}` : ''}`;
}
