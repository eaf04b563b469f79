import type { AttemptView, LogLine, RunView, SeriesBuckets } from '@claimbench/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, type Platform, startPlatform } from '../../test/platform.ts';
import { plainRuns } from '../../test/scripted-planning.ts';

describe('a run', () => {
  let platform: Platform;
  let seed = 0;
  beforeAll(async () => {
    platform = await startPlatform();
    // The first round after a start only extends leases.
    await platform.reconciler.round();
  });
  afterAll(() => platform.close());

  /** An experiment with one run; the run's id. */
  async function oneRun(): Promise<string> {
    platform.planning.runs = await plainRuns(1, seed++);
    const [run] = await platform.runsOf((await platform.submit()).id);
    return run?.id ?? '';
  }

  async function view(id: string): Promise<RunView> {
    return (await platform.get<RunView>(`/api/runs/${id}`)).body;
  }

  it('is claimed, started, measured and finished by a worker', async () => {
    const id = await oneRun();
    const worker = platform.worker();
    const { body: claimed } = await worker.claim(id);
    expect(claimed).toMatchObject({ runId: id, token: 1, base: null, leaseSeconds: 15, limits: { seconds: 1200 } });
    expect((await view(id)).state).toBe('claimed');
    expect((await worker.start(id, 1)).status).toBe(204);
    expect((await worker.start(id, 1)).status).toBe(204);
    expect((await worker.heartbeat(id, { token: 1, progress: 0.5 })).body).toMatchObject({ cancel: false });
    const points = [
      { series: 'trainingLoss', step: 0, value: 5 },
      { series: 'trainingLoss', step: 1, value: 3 },
      { series: 'trainingLoss', step: 2, value: 4 },
    ];
    const log = [{ sequence: 0, at: new Date().toISOString(), level: 'info', message: 'training' }];
    expect((await worker.points(id, 1, 0, points, log)).body).toEqual({ applied: true });
    expect(await view(id)).toMatchObject({
      state: 'running',
      progress: 0.5,
      series: [{ series: 'trainingLoss', count: 3, last: 4, lastStep: 2, min: 3, max: 5 }],
    });
    const outcome = outcomeOf(claimed.specHash, 1.5);
    expect((await worker.finish(id, 1, { state: 'succeeded', outcome, artifacts: [] })).status).toBe(204);
    const ended = await view(id);
    expect(ended).toMatchObject({ state: 'succeeded', progress: 1, outcome, failure: null });
    expect(ended.attempts).toMatchObject([{ number: 1, worker: 'one', machine: { cores: 2 }, end: 'succeeded' }]);
    const lines = await platform.get<{ items: LogLine[] }>(`/api/runs/${id}/log`);
    expect(lines.body.items).toMatchObject([{ sequence: 1, level: 'info', message: 'training' }]);
  });

  it('goes to one of two workers that claim it at the same moment', async () => {
    const id = await oneRun();
    const race = platform.races.hold('claim.read');
    const answers = [platform.worker('one').claim(id), platform.worker('two').claim(id)];
    await race.arrived(2);
    race.release();
    const settled = await Promise.all(answers);
    expect(settled.map((answer) => answer.status).sort()).toEqual([200, 409]);
    const refused = settled.find((answer) => answer.status === 409);
    expect(refused?.body).toMatchObject({ code: 'run-not-claimable', detail: expect.stringContaining('is claimed') });
    expect(refused?.type).toContain('application/problem+json');
    expect((await view(id)).attempts).toHaveLength(1);
  });

  it('is taken from a silent worker, whose later calls write nothing', async () => {
    const id = await oneRun();
    const [silent, other] = [platform.worker('silent'), platform.worker('other')];
    await silent.claim(id);
    await silent.start(id, 1);
    await silent.points(id, 1, 0, [{ series: 'trainingLoss', step: 0, value: 9 }]);
    await platform.letLeaseRunOut(id);
    await platform.reconciler.round();
    expect(await view(id)).toMatchObject({ state: 'queued', series: [], progress: null });
    expect((await other.claim(id)).body.token).toBe(2);

    const late = [
      await silent.heartbeat(id, { token: 1, progress: 0.9 }),
      await silent.start(id, 1),
      await silent.points(id, 1, 1, [{ series: 'trainingLoss', step: 1, value: 8 }]),
      await silent.finish(id, 1, { state: 'succeeded', outcome: outcomeOf('', 1), artifacts: [] }),
      await silent.call('POST', `/runs/${id}/release`, { token: 1 }),
    ];
    for (const answer of late) expect(answer).toMatchObject({ status: 409, body: { code: 'lease-lost' } });
    const now = await view(id);
    expect(now).toMatchObject({ state: 'claimed', series: [], outcome: null });
    expect(now.attempts.map((attempt: AttemptView) => attempt.end)).toEqual(['lost', null]);
    const lines = await platform.get<{ items: LogLine[] }>(`/api/runs/${id}/log`);
    expect(lines.body.items.map((line) => line.message)).toEqual([
      'Worker silent was not heard of for 15 s. Attempt 1 is lost and the run is queued again.',
    ]);
  });

  it('stays with a worker whose batch is being written when its lease has run out', async () => {
    const id = await oneRun();
    const worker = platform.worker();
    await worker.claim(id);
    await platform.letLeaseRunOut(id);
    const race = platform.races.hold('points.fenced');
    const batch = worker.points(id, 1, 0, [{ series: 'trainingLoss', step: 0, value: 9 }]);
    await race.arrived(1);
    // It waits for the batch, which has the run's row and shows that the worker lives: nothing is taken back.
    const round = platform.reconciler.round();
    race.release();
    expect((await batch).body).toEqual({ applied: true });
    await round;
    expect(await view(id)).toMatchObject({ state: 'claimed', series: [{ count: 1 }] });
  });

  it('applies a batch once, however often it is sent', async () => {
    const id = await oneRun();
    const worker = platform.worker();
    await worker.claim(id);
    const points = [{ series: 'a', step: 0, value: 1 }];
    const answers = await Promise.all(Array.from({ length: 4 }, () => worker.points(id, 1, 7, points)));
    expect(answers.filter((answer) => answer.body.applied)).toHaveLength(1);
    expect((await worker.points(id, 1, 7, [{ series: 'a', step: 1, value: 2 }])).body).toEqual({ applied: false });
    // The same point in another batch stays as it was, and is not counted twice.
    await worker.points(id, 1, 8, [
      { series: 'a', step: 0, value: 100 },
      { series: 'a', step: 1, value: 3 },
      { series: 'a', step: 1, value: 4 },
    ]);
    expect((await view(id)).series).toEqual([{ series: 'a', count: 2, last: 3, lastStep: 1, min: 1, max: 3 }]);
  });

  it('fails as worker-lost when it has lost its third worker', async () => {
    const id = await oneRun();
    for (const token of [1, 2, 3]) {
      const { body } = await platform.worker(`w${token}`).claim(id);
      expect(body.token).toBe(token);
      await platform.letLeaseRunOut(id);
      await platform.reconciler.round();
    }
    expect(await view(id)).toMatchObject({ state: 'failed', failure: { code: 'worker-lost' }, outcome: null });
    expect((await platform.worker().claim(id)).body).toMatchObject({ code: 'run-not-claimable' });
  });

  it('is queued again when its worker gives it back, and that is no loss', async () => {
    const id = await oneRun();
    for (const token of [1, 2, 3, 4]) {
      const worker = platform.worker();
      expect((await worker.claim(id)).body.token).toBe(token);
      expect((await worker.call('POST', `/runs/${id}/release`, { token })).status).toBe(204);
      expect((await view(id)).state).toBe('queued');
    }
    await platform.worker().execute(id);
    expect((await view(id)).state).toBe('succeeded');
  });

  it('keeps its worker over a restart of the API, however long it took', async () => {
    const id = await oneRun();
    const worker = platform.worker();
    await worker.claim(id);
    await platform.letLeaseRunOut(id);
    const restarted = await startPlatform({ sharing: platform });
    await restarted.reconciler.round();
    await restarted.reconciler.round();
    await restarted.close();
    expect((await worker.heartbeat(id, { token: 1, progress: null })).status).toBe(200);
  });

  it('is not begun when it is cancelled in the queue', async () => {
    const id = await oneRun();
    const cancelled = await platform.call<RunView>('POST', `/api/runs/${id}/cancel`);
    expect(cancelled.body).toMatchObject({ state: 'cancelled', failure: { code: 'cancelled' }, attempts: [] });
    expect((await platform.worker().claim(id)).body).toMatchObject({ code: 'run-not-claimable' });
    expect((await platform.call<RunView>('POST', `/api/runs/${id}/cancel`)).body.state).toBe('cancelled');
  });

  it('tells its worker at the next heartbeat that it was cancelled', async () => {
    const id = await oneRun();
    const worker = platform.worker();
    await worker.claim(id);
    await worker.start(id, 1);
    await platform.call('POST', `/api/runs/${id}/cancel`);
    expect((await worker.heartbeat(id, { token: 1, progress: 0.1 })).body).toMatchObject({ cancel: true });
    expect((await worker.points(id, 1, 0, [{ series: 'a', step: 0, value: 1 }])).body.code).toBe('lease-lost');
    const outcome = outcomeOf('', 1);
    expect((await worker.finish(id, 1, { state: 'succeeded', outcome, artifacts: [] })).body.code).toBe('lease-lost');
    expect((await worker.finish(id, 1, { state: 'cancelled' })).status).toBe(204);
    expect((await view(id)).attempts).toMatchObject([{ end: 'cancelled' }]);
  });

  it.each([
    ['failed', { code: 'diverged', message: 'NaN', step: 7 }],
    ['timed-out', { code: 'time-limit', message: '1200 s' }],
  ])('ends once as %s, with its reason', async (state, failure) => {
    const id = await oneRun();
    const worker = platform.worker();
    await worker.claim(id);
    expect((await worker.finish(id, 1, { state, failure })).status).toBe(204);
    expect((await worker.finish(id, 1, { state, failure })).status).toBe(204);
    expect((await worker.finish(id, 1, { state: 'cancelled' })).body.code).toBe('lease-lost');
    expect(await view(id)).toMatchObject({ state, failure, attempts: [{ end: state, failure }] });
  });

  it('shows the same curve while it goes on and after its points are compacted', async () => {
    const id = await oneRun();
    const worker = platform.worker();
    const { body } = await worker.claim(id);
    const steps = Array.from({ length: 10_000 }, (_, step) => step);
    // Later steps first: what came when does not matter.
    for (const batch of [1, 0]) {
      const half = steps.slice(batch * 5000, batch * 5000 + 5000);
      const points = half.map((step) => ({ series: 'loss', step, value: Math.sin(step / 100) }));
      expect((await worker.points(id, body.token, batch, points)).body).toEqual({ applied: true });
    }
    const read = async (query: string) =>
      (await platform.get<SeriesBuckets>(`/api/runs/${id}/series/loss?${query}`)).body;
    const going = await read('buckets=50');
    expect(going.count).toBe(10_000);
    expect(going.buckets).toHaveLength(50);
    expect(going.buckets[0]).toMatchObject({ step: 99.5, count: 200, min: 0, max: Math.sin(1.57) });
    const part = await read('buckets=2000&from=4090&to=4101');
    expect(part.buckets.map((bucket) => bucket.step)).toEqual(steps.slice(4090, 4102));

    await worker.finish(id, body.token, { state: 'failed', failure: { code: 'diverged', message: 'NaN' } });
    await platform.idle();
    const [left] = await platform.sql<{ rows: number; chunks: number }>(
      `select (select count(*)::int from point join series on series.id = series_id where run_id = $1) as rows,
              (select count(*)::int from point_chunk join series on series.id = series_id where run_id = $1) as chunks`,
      [id],
    );
    expect(left).toEqual({ rows: 0, chunks: 3 });
    expect(await read('buckets=50')).toEqual(going);
    expect(await read('buckets=2000&from=4090&to=4101')).toEqual(part);
  });

  it('numbers the lines of its log over all attempts and pages through them', async () => {
    const id = await oneRun();
    const at = new Date().toISOString();
    for (const token of [1, 2]) {
      const worker = platform.worker();
      await worker.claim(id);
      const lines = [0, 1, 2].map((sequence) => ({ sequence, at, level: 'info', message: `${token}/${sequence}` }));
      await worker.points(id, token, 0, [], lines);
      await worker.call('POST', `/runs/${id}/release`, { token });
    }
    const page = async (after: number) =>
      (await platform.get<{ items: LogLine[]; next: number | null }>(`/api/runs/${id}/log?limit=3&after=${after}`))
        .body;
    const first = await page(0);
    expect(first.items.map((line) => [line.sequence, line.message])).toEqual([
      [1, '1/0'],
      [2, '1/1'],
      [3, '1/2'],
    ]);
    const second = await page(first.next ?? -1);
    expect(second.items.map((line) => line.sequence)).toEqual([4, 5, 6]);
    const third = await page(second.next ?? -1);
    expect(third).toMatchObject({ items: [{ sequence: 7 }, { sequence: 8 }], next: null });
  });

  it.each([
    ['a negative step', { points: [{ series: 'a', step: -1, value: 1 }] }, 'points.0.step'],
    ['a step beyond the tables', { points: [{ series: 'a', step: 2 ** 31, value: 1 }] }, null],
    ['a value that is no number', { points: [{ series: 'a', step: 1, value: null }] }, 'points.0.value'],
    ['no batch number', { batch: undefined, points: [] }, 'batch'],
    [
      'an unknown level',
      { points: [], log: [{ sequence: 0, at: new Date().toISOString(), level: 'loud', message: '' }] },
      'log.0.level',
    ],
  ])('refuses %s in a batch and writes nothing', async (_what, bad, path) => {
    const id = await oneRun();
    const worker = platform.worker();
    await worker.claim(id);
    const answer = await worker.call<{ code: string; errors?: { path: string }[] }>('POST', `/runs/${id}/points`, {
      token: 1,
      batch: 0,
      ...bad,
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
    if (path) expect(answer.body.errors?.map((error) => error.path)).toContain(path);
    expect((await view(id)).series).toEqual([]);
    expect((await worker.points(id, 1, 0, [{ series: 'a', step: 1, value: 1 }])).body).toEqual({ applied: true });
  });

  it.each(['/api/runs/no-id', '/api/runs/01890000-0000-7000-8000-000000000000'])('is not found as %s', async (path) => {
    for (const tail of ['', '/log', '/series/loss'])
      expect(await platform.get(`${path}${tail}`)).toMatchObject({ status: 404, body: { code: 'not-found' } });
  });
});
