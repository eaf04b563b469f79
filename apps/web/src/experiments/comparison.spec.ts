import type { ComparisonRow } from '@claimbench/contracts';
import { describe, expect, it } from 'vitest';
import { doseSeries, metricsOf, variedParameters } from './comparison.ts';
import { armSeries, drawnOf } from './curves.ts';
import { countWords, runShares } from './run-counts.ts';

const row = (technique: string, parameters: ComparisonRow['parameters'], effect: number | null): ComparisonRow => ({
  arm: JSON.stringify([technique, parameters]),
  label: technique,
  technique,
  parameters,
  n: 3,
  failed: 0,
  metrics: { natsPerByte: { mean: 1.9, sd: 0.01 }, bitsPerWeight: { mean: 4.5, sd: 0 } },
  difference:
    effect === null ? null : { metric: 'natsPerByte', effect, interval: [effect - 0.01, effect + 0.01], n: 3 },
});

const rows = [
  row('none', {}, null),
  ...[8, 4, 2].flatMap((bits) => [
    row('round-to-nearest', { bits, scheme: 'symmetric', groupSize: 32 }, -1 / bits),
    row('round-to-nearest', { bits, scheme: 'affine', groupSize: 32 }, -0.5 / bits),
  ]),
];

describe('a comparison over a grid', () => {
  it('finds what was varied', () => {
    expect(variedParameters(rows)).toEqual([
      { name: 'bits', numeric: true },
      { name: 'scheme', numeric: false },
    ]);
  });
  it('draws one line for each other setting, sorted by dose, without the baseline', () => {
    const series = doseSeries(rows, 'bits', { kind: 'difference' });
    expect(series.map((one) => [one.label, one.points.map((p) => p.x)])).toEqual([
      ['round-to-nearest, symmetric', [2, 4, 8]],
      ['round-to-nearest, affine', [2, 4, 8]],
    ]);
    expect(series[0]?.points[0]).toMatchObject({ y: -0.5, interval: [-0.51, -0.49], n: 3 });
  });
  it('shows values with one standard deviation', () => {
    const [first] = doseSeries(rows, 'bits', { kind: 'value', metric: 'natsPerByte' });
    expect(first?.points[0]?.interval[0]).toBeCloseTo(1.89);
  });
  it('lists the metrics that were measured, in the order of the metrics’ table', () => {
    expect(metricsOf(rows)).toEqual(['natsPerByte', 'bitsPerWeight']);
  });
});

describe('curves of an arm', () => {
  const run = (runId: string, means: number[]) => ({
    runId,
    count: 100,
    buckets: means.map((mean, i) => ({ step: i * 10, mean, min: mean, max: mean, count: 10 })),
  });
  it('are the mean and the range over its runs, also while some are still running', () => {
    const arms = [{ arm: 'a', label: 'A', runs: [run('1', [4, 2]), run('2', [2]), run('3', [])] }];
    expect(armSeries(arms)).toEqual([
      {
        id: 'a',
        label: 'A',
        n: 2,
        points: [
          { x: 0, mean: 3, low: 2, high: 4 },
          { x: 10, mean: 2, low: 2, high: 2 },
        ],
      },
    ]);
    expect(drawnOf(arms)).toEqual({ buckets: 3, points: 300 });
  });
});

describe('counts of runs', () => {
  const counts = { queued: 4, claimed: 1, running: 1, succeeded: 2, failed: 1, cancelled: 0, 'timed-out': 1 };
  it('read as a sentence and as a bar', () => {
    expect(countWords(counts)).toBe('4 of 10 runs done, 2 running, 1 failed, 1 timed out');
    expect(runShares(counts).map((part) => [part.name, part.share])).toEqual([
      ['succeeded', 0.2],
      ['failed', 0.1],
      ['timed-out', 0.1],
      ['running', 0.1],
      ['claimed', 0.1],
    ]);
  });
});
