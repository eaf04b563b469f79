'use client';
import {
  CartesianGrid,
  ComposedChart,
  ErrorBar,
  Line,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import { type Bounds, halfWidthOf, interval, plusMinus, significant } from '../numbers.ts';
import { axisOver } from './axis.ts';
import { ChartFrame } from './chart-frame.tsx';
import { AXIS_TEXT, LineSample } from './curve-chart.tsx';
import { seriesStyle } from './palette.ts';

export interface DosePoint {
  /** Value of the varied parameter. */
  x: number;
  y: number;
  interval: Bounds;
  n: number;
}
export interface DoseSeries {
  id: string;
  label: string;
  points: readonly DosePoint[];
}
interface DoseRow {
  x: number;
  values: (DosePoint | null)[];
}

/** A measured number over the values of a numeric parameter, each with its interval; one line for each other setting. */
export function DoseChart({
  title,
  series,
  xLabel,
  yLabel,
  unit,
  note,
  reference,
  controls,
  height = 280,
}: {
  title: string;
  series: readonly DoseSeries[];
  xLabel: string;
  yLabel: string;
  unit: string;
  note: string;
  /** A horizontal line with its meaning: no difference to the baseline. */
  reference: { value: number; label: string } | null;
  controls?: React.ReactNode;
  height?: number;
}) {
  const xs = [...new Set(series.flatMap((one) => one.points.map((p) => p.x)))].sort((a, b) => a - b);
  const rows: DoseRow[] = xs.map((x) => ({
    x,
    values: series.map((one) => one.points.find((p) => p.x === x) ?? null),
  }));
  const y = axisOver(
    [
      ...(reference ? [reference.value] : []),
      ...series.flatMap((one) => one.points.flatMap((p) => [p.y, ...p.interval.filter((end) => end !== null)])),
    ],
    { tickCount: 6 },
  );
  const xAxis = axisOver(xs, { padding: 0.05 });
  const yTitle = unit ? `${yLabel}, ${unit}` : yLabel;
  return (
    <ChartFrame
      title={title}
      note={note}
      controls={controls}
      table={{
        columns: [
          { label: 'Setting' },
          { label: xLabel, numeric: true },
          { label: yLabel, unit, numeric: true },
          { label: 'Interval', numeric: true },
          { label: 'n', numeric: true },
        ],
        rows: series.flatMap((one) =>
          one.points.map((p) => ({
            id: `${one.id} ${p.x}`,
            cells: [
              one.label,
              significant(p.x),
              plusMinus(p.y, halfWidthOf(p.interval), { signed: reference !== null }),
              interval(p.interval, { signed: reference !== null }),
              String(p.n),
            ],
          })),
        ),
      }}
    >
      {series.length > 1 ? (
        <ul className="m-0 mb-2 flex list-none flex-wrap gap-x-3 gap-y-1 p-0 text-xs text-ink">
          {series.map((one, index) => (
            <li key={one.id} className="inline-flex items-center gap-1.5">
              <LineSample index={index} />
              {one.label}
            </li>
          ))}
        </ul>
      ) : null}
      <p className="mb-1 text-2xs text-ink-faint">{yTitle}</p>
      <div style={{ height }} className="tabular min-w-0">
        <ResponsiveContainer width="100%" height="100%">
          <ComposedChart data={rows} margin={{ top: 8, right: 16, bottom: 18, left: 0 }} accessibilityLayer={false}>
            <CartesianGrid vertical={false} stroke="var(--line)" />
            <XAxis
              type="number"
              dataKey="x"
              domain={[xAxis.low, xAxis.high]}
              ticks={xs}
              tickFormatter={(value: number) => significant(value)}
              tick={AXIS_TEXT}
              stroke="var(--line-strong)"
              tickLine={{ stroke: 'var(--line-strong)' }}
              label={{ value: xLabel, position: 'insideBottom', offset: -12, ...AXIS_TEXT }}
            />
            <YAxis
              type="number"
              domain={[y.low, y.high]}
              ticks={y.ticks}
              tickFormatter={(value: number) => value.toFixed(y.decimals).replace('-', '\u2212')}
              tick={AXIS_TEXT}
              width={52}
              tickLine={false}
              axisLine={false}
            />
            {reference ? (
              <ReferenceLine
                y={reference.value}
                stroke="var(--ink-faint)"
                strokeDasharray="4 3"
                label={{ value: reference.label, position: 'insideTopRight', ...AXIS_TEXT }}
              />
            ) : null}
            <Tooltip
              cursor={{ stroke: 'var(--line-strong)' }}
              isAnimationActive={false}
              content={({ active, payload }) => {
                const row = payload?.[0]?.payload as DoseRow | undefined;
                if (!active || !row) return null;
                return (
                  <div className="tabular rounded-md bg-raised px-2.5 py-2 text-xs text-ink shadow-overlay">
                    <div className="mb-1 text-ink-faint">
                      {xLabel} {significant(row.x)}
                    </div>
                    {row.values.map((point, index) =>
                      point ? (
                        <div key={series[index]?.id} className="flex items-center gap-2">
                          <LineSample index={index} />
                          <span className="mr-3 text-ink-soft">{series[index]?.label}</span>
                          <span className="ml-auto">
                            {plusMinus(point.y, halfWidthOf(point.interval), { signed: reference !== null })} {unit}, n
                            = {point.n}
                          </span>
                        </div>
                      ) : null,
                    )}
                  </div>
                );
              }}
            />
            {series.map((one, index) => (
              <Line
                key={one.id}
                name={one.label}
                dataKey={(row: DoseRow) => row.values[index]?.y ?? null}
                stroke={seriesStyle(index).color}
                strokeDasharray={seriesStyle(index).dash}
                strokeWidth={1.75}
                dot={{ r: 3, fill: seriesStyle(index).color, strokeWidth: 0 }}
                connectNulls
                isAnimationActive={false}
              >
                <ErrorBar
                  dataKey={(row: DoseRow) => {
                    const point = row.values[index];
                    if (!point) return [0, 0];
                    const [low, high] = point.interval;
                    // an unbounded end is drawn to the edge of the chart
                    return [point.y - (low ?? y.low), (high ?? y.high) - point.y];
                  }}
                  direction="y"
                  width={4}
                  stroke={seriesStyle(index).color}
                  strokeWidth={1.25}
                />
              </Line>
            ))}
          </ComposedChart>
        </ResponsiveContainer>
      </div>
    </ChartFrame>
  );
}
