import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExperimentView, RunSummary, RunView } from '@claimbench/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { POINTS } from './any-run-executor.ts';
import { startRealApi } from './real-api.ts';
import { childrenOf, isAlive, until } from './world.ts';

const LEASE_SECONDS = 3;

describe('workers of the real API', { timeout: 120_000 }, () => {
  let api: Awaited<ReturnType<typeof startRealApi>>;
  let hold: string;
  beforeAll(async () => {
    api = await startRealApi({ CLAIMBENCH_LEASE_SECONDS: String(LEASE_SECONDS) });
    hold = join(api.folder, 'hold');
  }, 120_000);
  afterAll(() => api.close(), 60_000);

  const startWorker = (concurrency = 1) =>
    api.startWorker({
      CLAIMBENCH_WORKER_CONCURRENCY: String(concurrency),
      CLAIMBENCH_TEST_HOLD: hold,
      CLAIMBENCH_TEST_EXECUTOR: new URL('./any-run-executor.ts', import.meta.url).href,
    });
  const submit = (title: string) =>
    api.call<ExperimentView>('/api/experiments', {
      kind: 'comparison',
      title,
      subject: { kind: 'recipe', name: 'tiny-gpt2' },
      data: 'node-docs',
      techniques: [{ id: 'round-to-nearest', grid: { bits: [8, 4] } }],
      seeds: 2,
      reuse: false,
    });
  const runsOf = async ({ id }: ExperimentView) => {
    const { items } = await api.call<{ items: RunSummary[] }>(`/api/experiments/${id}/runs?limit=200`);
    return Promise.all(items.map((run) => api.call<RunView>(`/api/runs/${run.id}`)));
  };
  const within = { timeout: 60_000, interval: 100 };
  const states = async (experiment: ExperimentView) => (await runsOf(experiment)).map((run) => run.state);

  async function expectWhole(experiment: ExperimentView): Promise<RunView[]> {
    await expect
      .poll(async () => (await api.call<ExperimentView>(`/api/experiments/${experiment.id}`)).state, within)
      .toBe('succeeded');
    const runs = await runsOf(experiment);
    expect(runs).toHaveLength(6);
    for (const run of runs) {
      expect(run.state).toBe('succeeded');
      expect(run.attempts.filter((attempt) => attempt.end === 'succeeded')).toHaveLength(1);
      expect(run.outcome?.timings.peakResidentMiB).toBeGreaterThan(0);
      // Every step once, whatever happened on the way.
      const loss = run.series.find((series) => series.series === 'trainingLoss');
      expect(loss).toMatchObject({ count: POINTS, lastStep: POINTS - 1 });
    }
    return runs;
  }

  it('execute an experiment, its bases first', async () => {
    const worker = await startWorker(2);
    const runs = await expectWhole(await submit('in peace'));
    const withBase = runs.filter((run) => run.lineage.base !== null);
    expect(withBase).toHaveLength(4);
    // Each saw the bytes that its own base left.
    expect(new Set(withBase.map((run) => run.outcome?.environment.base)).size).toBe(2);
    expect(withBase.map((run) => run.outcome?.environment.base)).not.toContain('none');
    worker.kill('SIGTERM');
    expect((await once(worker, 'exit'))[0]).toBe(0);
  });

  it('complete the experiment of a worker that was killed', async () => {
    writeFileSync(hold, '');
    const doomed = await startWorker();
    const experiment = await submit('killed');
    await expect.poll(() => states(experiment), within).toContain('running');
    const children = childrenOf(doomed.pid ?? 0);
    doomed.kill('SIGKILL');
    await once(doomed, 'exit');
    await until(() => children.every((pid) => !isAlive(pid)), 5);
    rmSync(hold);
    const next = await startWorker();
    const runs = await expectWhole(experiment);
    expect(runs.flatMap((run) => run.attempts).filter((attempt) => attempt.end === 'lost')).toHaveLength(1);
    next.kill('SIGTERM');
    await once(next, 'exit');
  });

  it('take over at once what a worker gives back when it is asked to stop', async () => {
    writeFileSync(hold, '');
    const leaving = await startWorker();
    const experiment = await submit('given back');
    await expect.poll(() => states(experiment), within).toContain('running');
    leaving.kill('SIGTERM');
    expect((await once(leaving, 'exit'))[0]).toBe(0);
    expect(await states(experiment)).not.toContain('running');
    rmSync(hold);
    const next = await startWorker();
    await expectWhole(experiment);
    next.kill('SIGTERM');
    await once(next, 'exit');
  });

  it('end the children of cancelled runs', async () => {
    writeFileSync(hold, '');
    const worker = await startWorker();
    const experiment = await submit('cancelled');
    await expect.poll(() => states(experiment), within).toContain('running');
    const before = childrenOf(worker.pid ?? 0);
    await api.call(`/api/experiments/${experiment.id}/cancel`, {});
    expect(new Set(await states(experiment))).toEqual(new Set(['cancelled']));
    // One of them executed the run; the one that waited may go on waiting.
    await until(() => before.some((pid) => !isAlive(pid)), 5);
    rmSync(hold);
    await expectWhole(await submit('after a cancelled one'));
    worker.kill('SIGTERM');
    expect((await once(worker, 'exit'))[0]).toBe(0);
  });
});
