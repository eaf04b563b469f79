import type { ComparisonRow } from '@claimbench/contracts';
import { canonicalJson, METRICS } from '@claimbench/contracts';
import type { DoseSeries } from '@claimbench/ui';
import { metricWording } from '../wording/metrics.ts';

type Json = ComparisonRow['parameters'][string];

/** A parameter's value as it is printed: text bare, everything else as JSON. */
export function parameterText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Metrics that any row has, the measured ones first, in the order of the metrics' table. */
export function metricsOf(rows: readonly ComparisonRow[]): string[] {
  const present = new Set(rows.flatMap((row) => Object.keys(row.metrics)));
  const known = Object.keys(METRICS).filter((name) => present.delete(name));
  return [...known, ...present];
}

/** Parameters that differ between rows of one technique; those that are numbers everywhere can be an axis. */
export function variedParameters(rows: readonly ComparisonRow[]): { name: string; numeric: boolean }[] {
  const byTechnique = Map.groupBy(rows, (row) => row.technique);
  const varied = new Map<string, boolean>();
  for (const members of byTechnique.values()) {
    const names = new Set(members.flatMap((row) => Object.keys(row.parameters)));
    for (const name of names) {
      const values = members.map((row) => row.parameters[name]);
      if (new Set(values.map((value) => canonicalJson(value ?? null))).size < 2) continue;
      const numeric = values.every((value) => typeof value === 'number');
      varied.set(name, (varied.get(name) ?? true) && numeric);
    }
  }
  return [...varied].map(([name, numeric]) => ({ name, numeric }));
}

/**
 * Rows as lines over the numeric parameter `x`: one line for each technique and setting of the other varied parameters.
 * `difference`: the paired difference to the baseline with its interval. `value`: the mean with one standard deviation.
 * Rows that have no such number (the baseline itself, failed arms) are left out.
 */
export function doseSeries(
  rows: readonly ComparisonRow[],
  x: string,
  y: { kind: 'difference' } | { kind: 'value'; metric: string },
): DoseSeries[] {
  const others = variedParameters(rows)
    .map((parameter) => parameter.name)
    .filter((name) => name !== x);
  const lines = new Map<string, { label: string; points: DoseSeries['points'][number][] }>();
  for (const row of rows) {
    const dose = row.parameters[x];
    if (typeof dose !== 'number') continue;
    const point = dosePoint(row, dose, y);
    if (point === null) continue;
    const settings = others.filter((name) => row.parameters[name] !== undefined);
    const key = canonicalJson([row.technique, ...settings.map((name) => [name, row.parameters[name]])]);
    const label = [row.technique, ...settings.map((name) => parameterText(row.parameters[name] ?? null))].join(', ');
    const line = lines.get(key) ?? { label, points: [] };
    line.points.push(point);
    lines.set(key, line);
  }
  return [...lines].map(([id, { label, points }]) => ({ id, label, points: points.sort((a, b) => a.x - b.x) }));
}

function dosePoint(
  row: ComparisonRow,
  x: number,
  y: { kind: 'difference' } | { kind: 'value'; metric: string },
): DoseSeries['points'][number] | null {
  if (y.kind === 'difference') {
    if (row.difference === null) return null;
    const { metric, effect, interval, n } = row.difference;
    const { factor } = metricWording(metric);
    const end = (value: number | null) => (value === null ? null : value * factor);
    return { x, y: effect * factor, interval: [end(interval[0]), end(interval[1])], n };
  }
  const value = row.metrics[y.metric];
  if (value === undefined) return null;
  const { factor } = metricWording(y.metric);
  const spread = value.sd ?? 0;
  return {
    x,
    y: value.mean * factor,
    interval: [(value.mean - spread) * factor, (value.mean + spread) * factor],
    n: row.n,
  };
}
