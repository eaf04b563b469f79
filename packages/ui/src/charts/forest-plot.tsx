import { VerdictMark } from '../marks.tsx';
import { halfWidthOf, interval, plusMinus } from '../numbers.ts';
import { ChartFrame } from './chart-frame.tsx';
import { agreeingRange, type ForestRow, forestAxis, groupByUnit, marginLines } from './forest.ts';
import { IntervalAxis, IntervalBar } from './interval-bar.tsx';

/**
 * Estimates under each other with their intervals, the rule's margin and, where it may be compared, the claimed value.
 * Rows of different units get axes of their own. `levelText` says what the intervals are ("95 % intervals, paired by seed").
 */
export function ForestPlot({
  title,
  rows,
  levelText,
  blockWord = 'seed',
}: {
  title: string;
  rows: readonly ForestRow[];
  levelText: string;
  blockWord?: string;
}) {
  const groups = groupByUnit(rows);
  const anyMargin = rows.some((row) => marginLines(row).length > 0);
  const anyClaimed = rows.some((row) => row.claimed !== null && row.claimed !== undefined);
  const anyContrasts = rows.some((row) => (row.contrasts?.length ?? 0) > 1);
  return (
    <ChartFrame
      title={title}
      note={
        <span className="flex flex-wrap gap-x-3 gap-y-0.5">
          <span>{levelText}</span>
          <span>right of 0 agrees in direction</span>
          {anyMargin ? <span>dashed: margin; tinted: effects that the claim asks for</span> : null}
          {anyContrasts ? <span>small ticks: one {blockWord} each</span> : null}
          {anyClaimed ? <span>◇ the paper's value</span> : null}
        </span>
      }
      table={{
        columns: [
          { label: 'Part' },
          { label: 'Verdict' },
          { label: 'Effect', numeric: true },
          { label: 'Interval', numeric: true },
          { label: 'Margin', numeric: true },
          { label: 'Unit' },
          { label: 'n', numeric: true },
          { label: `Each ${blockWord}`, numeric: true },
        ],
        rows: rows.map((row) => ({
          id: row.id,
          cells: [
            row.label,
            row.verdict,
            plusMinus(row.effect, halfWidthOf(row.interval), { signed: true }),
            interval(row.interval, { signed: true }),
            plusMinus(row.margin, null),
            row.unit,
            String(row.n),
            (row.contrasts ?? [])
              .map((c) => plusMinus(c, halfWidthOf(row.interval) ?? null, { signed: true }).split('\u00a0')[0])
              .join(', '),
          ],
        })),
      }}
    >
      <div className="space-y-6">
        {groups.map((group) => {
          const axis = forestAxis(group.rows);
          return (
            <div key={group.unit}>
              <ul className="m-0 list-none p-0">
                {group.rows.map((row) => (
                  <li
                    key={row.id}
                    className="grid grid-cols-1 items-center gap-x-4 border-b border-line py-1 sm:grid-cols-[minmax(0,1fr)_minmax(9rem,14rem)]"
                  >
                    <div className="pt-1 text-sm text-ink sm:col-span-2">{row.label}</div>
                    <IntervalBar
                      axis={axis}
                      effect={row.effect}
                      interval={row.interval}
                      verdict={row.verdict}
                      margins={marginLines(row)}
                      agreeing={agreeingRange(row)}
                      contrasts={row.contrasts ?? []}
                      claimed={row.claimed ?? null}
                    />
                    <div className="flex items-baseline justify-between gap-3 text-sm sm:flex-col sm:items-end sm:gap-0">
                      <span className="tabular whitespace-nowrap text-ink">
                        {plusMinus(row.effect, halfWidthOf(row.interval), { signed: true })}
                        <span className="text-ink-faint"> {row.unit}</span>
                      </span>
                      <span className="tabular flex items-baseline gap-2 text-xs whitespace-nowrap text-ink-faint">
                        <VerdictMark verdict={row.verdict} size={9} />n = {row.n}
                      </span>
                    </div>
                  </li>
                ))}
              </ul>
              <div className="grid gap-x-4 sm:grid-cols-[minmax(0,1fr)_minmax(9rem,14rem)]">
                <IntervalAxis axis={axis} label={`effect, ${group.unit}`} />
              </div>
            </div>
          );
        })}
      </div>
    </ChartFrame>
  );
}
