'use client';
import { useState } from 'react';
import { Area, CartesianGrid, ComposedChart, Line, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import { cn } from '../class-names.ts';
import { count, significant } from '../numbers.ts';
import { axisOver } from './axis.ts';
import { ChartFrame } from './chart-frame.tsx';
import { alignByX, type CurveRow, type CurveSeries } from './curves.ts';
import { seriesStyle } from './palette.ts';

export const AXIS_TEXT = { fontSize: 11, fill: 'var(--ink-faint)' } as const;

/** Lines over steps with the range over runs behind them; a line can be switched off in the legend. */
export function CurveChart({
  title,
  series,
  xLabel,
  yLabel,
  unit,
  note,
  bandText,
  controls,
  height = 260,
}: {
  title: string;
  series: readonly CurveSeries[];
  xLabel: string;
  yLabel: string;
  unit: string;
  note: string;
  /** What the band is: "range over seeds". */
  bandText: string;
  controls?: React.ReactNode;
  height?: number;
}) {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const rows = alignByX(series);
  const shown = series.map((one) => !hidden.has(one.id));
  const y = axisOver(
    rows.flatMap((row) => row.values.flatMap((p, i) => (p && shown[i] ? [p.low, p.high] : []))),
    { tickCount: 5 },
  );
  const x = axisOver(
    rows.map((row) => row.x),
    { padding: 0, tickCount: 6 },
  );
  const yTitle = unit ? `${yLabel}, ${unit}` : yLabel;
  return (
    <ChartFrame
      title={title}
      note={`${note}; band: ${bandText}`}
      controls={controls}
      table={{
        columns: [
          { label: xLabel, numeric: true },
          ...series.map((one) => ({ label: one.label, unit, numeric: true })),
        ],
        rows: rows.map((row) => ({
          id: String(row.x),
          cells: [count(row.x), ...row.values.map((p) => (p ? significant(p.mean) : ''))],
        })),
      }}
    >
      {series.length > 1 ? (
        <ul className="m-0 mb-2 flex list-none flex-wrap gap-x-1 gap-y-1 p-0">
          {series.map((one, index) => {
            const on = shown[index] === true;
            return (
              <li key={one.id}>
                <button
                  type="button"
                  aria-pressed={on}
                  onClick={() =>
                    setHidden((before) => {
                      const after = new Set(before);
                      if (!after.delete(one.id)) after.add(one.id);
                      return after;
                    })
                  }
                  className={cn(
                    'inline-flex items-center gap-1.5 rounded-sm px-1.5 py-0.5 text-xs hover:bg-sunken',
                    on ? 'text-ink' : 'text-ink-faint line-through',
                  )}
                >
                  <LineSample index={index} />
                  {one.label}
                </button>
              </li>
            );
          })}
        </ul>
      ) : null}
      <p className="mb-1 text-2xs text-ink-faint">{yTitle}</p>
      <div style={{ height }} className="tabular min-w-0">
        <ResponsiveContainer width="100%" height="100%">
          <ComposedChart data={rows} margin={{ top: 4, right: 12, bottom: 18, left: 0 }} accessibilityLayer={false}>
            <CartesianGrid vertical={false} stroke="var(--line)" />
            <XAxis
              type="number"
              dataKey="x"
              domain={[x.low, x.high]}
              ticks={x.ticks}
              tickFormatter={(value: number) => count(value)}
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
              width={46}
              stroke="var(--line-strong)"
              tickLine={false}
              axisLine={false}
            />
            <Tooltip
              cursor={{ stroke: 'var(--line-strong)' }}
              isAnimationActive={false}
              content={({ active, payload }) => {
                const row = payload?.[0]?.payload as CurveRow | undefined;
                return active && row ? (
                  <CurveReading row={row} series={series} shown={shown} xLabel={xLabel} unit={unit} />
                ) : null;
              }}
            />
            {series.map((one, index) =>
              shown[index] && one.n > 1 ? (
                <Area
                  key={`${one.id} band`}
                  dataKey={(row: CurveRow) => {
                    const point = row.values[index];
                    return point ? [point.low, point.high] : null;
                  }}
                  stroke="none"
                  fill={seriesStyle(index).color}
                  fillOpacity={0.14}
                  connectNulls
                  isAnimationActive={false}
                  activeDot={false}
                />
              ) : null,
            )}
            {series.map((one, index) =>
              shown[index] ? (
                <Line
                  key={one.id}
                  name={one.label}
                  dataKey={(row: CurveRow) => row.values[index]?.mean ?? null}
                  stroke={seriesStyle(index).color}
                  strokeDasharray={seriesStyle(index).dash}
                  strokeWidth={1.75}
                  dot={one.points.length === 1}
                  connectNulls
                  isAnimationActive={false}
                />
              ) : null,
            )}
          </ComposedChart>
        </ResponsiveContainer>
      </div>
    </ChartFrame>
  );
}

export function LineSample({ index }: { index: number }) {
  const { color, dash } = seriesStyle(index);
  return (
    <svg aria-hidden="true" width="18" height="8" className="shrink-0">
      <line x1="0" x2="18" y1="4" y2="4" stroke={color} strokeWidth="2.5" strokeDasharray={dash} />
    </svg>
  );
}

function CurveReading({
  row,
  series,
  shown,
  xLabel,
  unit,
}: {
  row: CurveRow;
  series: readonly CurveSeries[];
  shown: readonly boolean[];
  xLabel: string;
  unit: string;
}) {
  return (
    <div className="tabular rounded-md bg-raised px-2.5 py-2 text-xs text-ink shadow-overlay">
      <div className="mb-1 text-ink-faint">
        {xLabel} {count(row.x)}
      </div>
      {series.map((one, index) => {
        const point = row.values[index];
        return point && shown[index] ? (
          <div key={one.id} className="flex items-center gap-2">
            <LineSample index={index} />
            <span className="mr-3 text-ink-soft">{one.label}</span>
            <span className="ml-auto">
              {significant(point.mean)}
              {unit ? ` ${unit}` : ''}
            </span>
          </div>
        ) : null;
      })}
    </div>
  );
}
