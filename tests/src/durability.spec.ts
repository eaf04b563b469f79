import type { ExperimentView, RunSummary, RunView } from '@claimbench/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Stack } from './stack.ts';

/** Small enough to finish in seconds, large enough to be in the middle of something when a part is killed. */
function comparison(title: string, seeds: number) {
  return {
    kind: 'comparison',
    title,
    subject: { kind: 'recipe', name: 'tiny-gpt2' },
    data: 'node-docs',
    training: { tokens: 60_000 },
    items: 40,
    techniques: [{ id: 'round-to-nearest', grid: { bits: [8, 4, 2] } }],
    seeds,
    reuse: false,
  };
}

describe('the product survives what happens to machines', { timeout: 180_000 }, () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await Stack.start({ CLAIMBENCH_LEASE_SECONDS: '3' });
  }, 120_000);
  afterAll(async () => {
    expect(await stack?.stop()).toBe(0);
  }, 60_000);

  const runsOf = async (experiment: string) =>
    (await stack.get<{ items: RunSummary[] }>(`/api/experiments/${experiment}/runs?limit=200`)).items;

  /** Submits, waits until runs are being executed and at least one is done, does the deed, and waits for the end. */
  async function disturbed(title: string, deed: () => Promise<void>): Promise<RunView[]> {
    const { id } = await stack.post<ExperimentView>('/api/experiments', comparison(title, 2));
    await expect
      .poll(
        async () => {
          const states = (await runsOf(id)).map((run) => run.state);
          return states.includes('running') && !states.every((state) => state === 'succeeded');
        },
        { timeout: 60_000, interval: 50 },
      )
      .toBe(true);
    await deed();
    await expect
      .poll(
        () =>
          stack.get<ExperimentView>(`/api/experiments/${id}`).then(
            (view) => view.state,
            () => 'not answering',
          ),
        { timeout: 120_000, interval: 250 },
      )
      .toBe('succeeded');
    const runs = await runsOf(id);
    return Promise.all(runs.map((run) => stack.get<RunView>(`/api/runs/${run.id}`)));
  }

  /** Nothing lost: every run has its outcome. Nothing twice: one attempt succeeded and every step of a curve stands once. */
  function expectWhole(runs: RunView[]): void {
    expect(runs.length).toBeGreaterThanOrEqual(8);
    for (const run of runs) {
      expect(run.state, run.id).toBe('succeeded');
      expect(run.outcome?.metrics.natsPerByte, run.id).toBeGreaterThan(0);
      expect(run.attempts.filter((attempt) => attempt.end === 'succeeded')).toHaveLength(1);
    }
  }

  async function expectCurvesWhole(runs: RunView[]): Promise<void> {
    for (const run of runs.filter((candidate) => candidate.series.some((entry) => entry.series === 'trainingLoss'))) {
      const { buckets, count } = await stack.get<{ count: number; buckets: { step: number; count: number }[] }>(
        `/api/runs/${run.id}/series/trainingLoss?buckets=2000`,
      );
      expect(buckets.reduce((sum, bucket) => sum + bucket.count, 0)).toBe(count);
      expect(new Set(buckets.map((bucket) => bucket.step)).size).toBe(buckets.length);
      expect(buckets.every((bucket) => bucket.count === 1)).toBe(true);
    }
  }

  let undisturbed: Map<string, string>;
  const digests = (runs: RunView[]) => new Map(runs.map((run) => [run.specHash, run.outcome?.digest ?? '']));

  it('gives the same digest for the same spec, executed twice', async () => {
    const first = await disturbed('first', async () => {});
    const second = await disturbed('second', async () => {});
    undisturbed = digests(first);
    expect(digests(second)).toEqual(undisturbed);
    expectWhole(first);
  });

  it('completes when the worker is killed in the middle', async () => {
    const runs = await disturbed('worker killed', async () => {
      process.kill(await stack.pid('worker'), 'SIGKILL');
    });
    expectWhole(runs);
    await expectCurvesWhole(runs);
    expect(runs.some((run) => run.attempts.some((attempt) => attempt.end === 'lost'))).toBe(true);
    expect(digests(runs)).toEqual(undisturbed);
  });

  it('completes when the API is killed in the middle', async () => {
    const runs = await disturbed('API killed', async () => {
      process.kill(await stack.pid('api'), 'SIGKILL');
    });
    expectWhole(runs);
    await expectCurvesWhole(runs);
    expect(digests(runs)).toEqual(undisturbed);
  });

  it('completes when PostgreSQL is killed in the middle', async () => {
    const runs = await disturbed('database killed', async () => {
      process.kill(await stack.databasePid(), 'SIGKILL');
    });
    expectWhole(runs);
    await expectCurvesWhole(runs);
    expect(digests(runs)).toEqual(undisturbed);
  });
});
