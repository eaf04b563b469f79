import type { ExperimentSummary, ExperimentView, RunSummary, RunView } from '@claimbench/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { COMPARISON, type Platform, startPlatform } from '../../test/platform.ts';
import { baseAndDependents, plainRuns, plannedRun, specOf } from '../../test/scripted-planning.ts';

describe('an experiment', () => {
  let platform: Platform;
  let seed = 1000;
  beforeAll(async () => {
    platform = await startPlatform();
    await platform.reconciler.round();
  });
  afterAll(() => platform.close());
  beforeEach(() => {
    seed += 100;
  });

  describe('that is a comparison', () => {
    it('ends when all of its runs have ended', async () => {
      platform.planning.runs = await plainRuns(3, seed);
      const experiment = await platform.submit();
      expect(experiment).toMatchObject({ state: 'running', counts: { queued: 3 }, remainingSeconds: 6, claim: null });
      const [first, ...rest] = await platform.runsOf(experiment.id);
      for (const run of rest) await platform.worker().execute(run.id);
      expect((await platform.experiment(experiment.id)).state).toBe('running');
      await platform.worker().execute(first?.id ?? '');
      expect(await platform.experiment(experiment.id)).toMatchObject({
        state: 'succeeded',
        reason: null,
        counts: { succeeded: 3, queued: 0 },
        remainingSeconds: null,
      });
    });

    it('says what failed of it', async () => {
      platform.planning.runs = await plainRuns(2, seed);
      const experiment = await platform.submit();
      const [one, two] = await platform.runsOf(experiment.id);
      await platform.worker().execute(one?.id ?? '');
      await platform.worker().claim(two?.id ?? '');
      const failure = { code: 'diverged', message: 'NaN at step 3', step: 3 };
      await platform.worker().finish(two?.id ?? '', 1, { state: 'failed', failure });
      await platform.idle();
      expect(await platform.experiment(experiment.id)).toMatchObject({
        state: 'succeeded',
        reason: 'Of 2 runs: 1 failed (diverged).',
      });
    });

    it('compares its arms by seed and draws their curves', async () => {
      const arms = await Promise.all(
        [0, 1, 2].flatMap((i) => [
          plannedRun(specOf(seed + i, 'none'), 'baseline', { block: i }),
          plannedRun(specOf(seed + i, 'round-to-nearest', 4), 'bits=4', { block: i }),
        ]),
      );
      platform.planning.runs = arms;
      const experiment = await platform.submit();
      const values: Record<string, number[]> = { baseline: [2, 2.1, 2.2], 'bits=4': [2.5, 2.7, 2.6] };
      for (const run of await platform.runsOf(experiment.id)) {
        const worker = platform.worker();
        const { body } = await worker.claim(run.id);
        await worker.points(run.id, body.token, 0, [{ series: 'trainingLoss', step: run.block, value: run.block }]);
        const natsPerByte = values[run.arm]?.[run.block] ?? 0;
        const outcome = {
          metrics: { natsPerByte },
          items: null,
          diverged: null,
          timings: {},
          digest: 'e'.repeat(64),
          environment: {},
        };
        await worker.finish(run.id, body.token, { state: 'succeeded', outcome, artifacts: [] });
      }
      await platform.idle();
      const curves = await platform.get(`/api/experiments/${experiment.id}/curves?series=trainingLoss`);
      expect(curves.body).toMatchObject({
        series: 'trainingLoss',
        arms: [
          { arm: 'baseline', label: 'Baseline', runs: [{ block: 0, count: 1 }, { block: 1 }, { block: 2 }] },
          { arm: 'bits=4', runs: [{}, { buckets: [{ step: 1, min: 1, max: 1, mean: 1, count: 1 }] }, {}] },
        ],
      });
    });
  });

  describe('with a base', () => {
    it('begins the base first, and what needs it when its checkpoint is there', async () => {
      platform.planning.runs = await baseAndDependents(seed, [8, 4]);
      const experiment = await platform.submit();
      const [base, ...dependents] = await platform.runsOf(experiment.id);
      expect([base, ...dependents].map((run) => run?.role)).toEqual(['base', 'judged', 'judged']);
      for (const run of dependents)
        expect((await platform.worker().claim(run.id)).body).toMatchObject({
          code: 'run-not-claimable',
          detail: expect.stringContaining('waits for its base'),
        });
      const trained = await platform.worker().execute(base?.id ?? '', { checkpoint: true });
      const claimed = await platform.worker().claim(dependents[0]?.id ?? '');
      expect(claimed.body.base).toMatchObject({ specHash: trained.specHash, checkpoint: { name: 'checkpoint' } });
      const bytes = await platform.worker().call('GET', '/none');
      expect(bytes.status).toBe(404);
    });

    it.each([
      ['failed', { state: 'failed', failure: { code: 'diverged', message: 'NaN' } }, 'ended as failed'],
      ['left no checkpoint', null, 'left no checkpoint'],
    ])('fails what needs it when the base %s', async (_how, result, words) => {
      platform.planning.runs = await baseAndDependents(seed, [8, 4]);
      const experiment = await platform.submit();
      const [base] = await platform.runsOf(experiment.id);
      if (result === null) await platform.worker().execute(base?.id ?? '');
      else {
        await platform.worker().claim(base?.id ?? '');
        await platform.worker().finish(base?.id ?? '', 1, result);
        await platform.idle();
      }
      const [, ...dependents] = await platform.runsOf(experiment.id);
      for (const run of dependents) expect(run).toMatchObject({ state: 'failed', failure: { code: 'base-failed' } });
      expect(dependents[0]?.failure?.message).toContain(words);
      expect((await platform.experiment(experiment.id)).state).toBe(result === null ? 'succeeded' : 'failed');
    });

    it('makes a base again whose checkpoint the store has lost', async () => {
      const planned = await baseAndDependents(seed, [8, 4]);
      platform.planning.runs = planned.slice(0, 2);
      await platform.executeAll(await platform.submit());
      await platform.sql('delete from run_artifact where run_id in (select id from run where spec_hash = $1)', [
        planned[0]?.specHash,
      ]);
      // Nothing new needs it: it still counts.
      expect((await platform.submit()).counts).toMatchObject({ succeeded: 2 });
      platform.planning.runs = planned;
      const again = await platform.runsOf((await platform.submit()).id);
      expect(again.map((run) => [run.state, run.reused])).toEqual([
        ['queued', false],
        ['succeeded', true],
        ['queued', false],
      ]);
    });
  });

  describe('asks for what was measured before', () => {
    it('and is answered at once from the earlier runs', async () => {
      platform.planning.runs = await plainRuns(2, seed);
      const first = await platform.submit();
      await platform.executeAll(first);
      const second = await platform.submit();
      expect(second).toMatchObject({ state: 'succeeded', counts: { succeeded: 2 } });
      const runs = await platform.runsOf(second.id);
      expect(runs.map((run) => run.reused)).toEqual([true, true]);
      const { body } = await platform.get<RunView>(`/api/runs/${runs[0]?.id}`);
      expect(body.lineage.experiments.map((experiment) => experiment.id)).toEqual([first.id, second.id]);
      expect((await platform.call('POST', '/api/experiments/plan', COMPARISON)).body).toMatchObject({});
    });

    it('but measures again where it is told to, or where a run must be fresh', async () => {
      const planned = await plainRuns(1, seed);
      platform.planning.runs = planned;
      await platform.executeAll(await platform.submit());
      expect((await platform.submit({ reuse: false })).counts).toMatchObject({ queued: 1, succeeded: 0 });
      platform.planning.runs = planned.map((run) => ({ ...run, fresh: true }));
      expect((await platform.submit()).counts).toMatchObject({ queued: 1, succeeded: 0 });
      // The fresh one is nobody else's.
      platform.planning.runs = planned;
      expect((await platform.submit()).counts).toMatchObject({ queued: 0, succeeded: 1 });
    });

    it('and repeats a run of its own where a control needs a second execution', async () => {
      const [run] = await plainRuns(1, seed);
      if (!run) throw new Error('no run');
      platform.planning.runs = [run, { ...run, arm: 'again', fresh: true }, { ...run, arm: 'twin' }];
      const runs = await platform.runsOf((await platform.submit()).id);
      expect(runs[0]?.id).not.toBe(runs[1]?.id);
      expect(runs[0]?.id).toBe(runs[2]?.id);
    });

    it('together with another that is submitted at the same moment: one run serves both', async () => {
      platform.planning.runs = await plainRuns(3, seed);
      const both = await Promise.all([platform.submit(), platform.submit(), platform.submit()]);
      const ids = await Promise.all(
        both.map(async (experiment) => (await platform.runsOf(experiment.id)).map((r) => r.id)),
      );
      expect(new Set(ids.flat()).size).toBe(3);
    });
  });

  describe('is cancelled', () => {
    it('with all of its runs, and tells why', async () => {
      platform.planning.runs = await baseAndDependents(seed, [8, 4]);
      const experiment = await platform.submit();
      const [base] = await platform.runsOf(experiment.id);
      await platform.worker().claim(base?.id ?? '');
      const { body } = await platform.call<ExperimentView>('POST', `/api/experiments/${experiment.id}/cancel`);
      expect(body).toMatchObject({ state: 'cancelled', counts: { cancelled: 3 }, reason: 'Cancelled by a person.' });
      expect((await platform.worker().heartbeat(base?.id ?? '', { token: 1, progress: null })).body.cancel).toBe(true);
      const again = await platform.call<ExperimentView>('POST', `/api/experiments/${experiment.id}/cancel`);
      expect(again.body).toEqual(body);
    });

    it('also when it is as large as it may be', async () => {
      platform.planning.runs = await plainRuns(2000, 100_000);
      const experiment = await platform.submit();
      expect(experiment.counts.queued).toBe(2000);
      const { body } = await platform.call<ExperimentView>('POST', `/api/experiments/${experiment.id}/cancel`);
      expect(body).toMatchObject({ state: 'cancelled', counts: { cancelled: 2000, queued: 0 } });
    });

    it('but leaves the runs that another experiment needs', async () => {
      const planned = await plainRuns(2, seed);
      platform.planning.runs = planned;
      const one = await platform.submit();
      platform.planning.runs = planned.slice(0, 1);
      const other = await platform.submit();
      await platform.call('POST', `/api/experiments/${one.id}/cancel`);
      expect((await platform.runsOf(one.id)).map((run) => run.state)).toEqual(['queued', 'cancelled']);
      await platform.executeAll(other);
      expect((await platform.experiment(other.id)).state).toBe('succeeded');
      expect((await platform.experiment(one.id)).state).toBe('cancelled');
    });
  });

  describe('is submitted twice with one idempotency key', () => {
    it('and is one experiment, also when both come at the same moment', async () => {
      platform.planning.runs = await plainRuns(1, seed);
      const headers = { 'idempotency-key': `key-${seed}` };
      const both = await Promise.all([platform.submit({}, headers), platform.submit({}, headers)]);
      const later = await platform.submit({}, headers);
      expect(new Set([...both, later].map((experiment) => experiment.id)).size).toBe(1);
    });

    it('and refused when the request is another one', async () => {
      platform.planning.runs = await plainRuns(1, seed);
      const headers = { 'idempotency-key': `key-${seed}` };
      await platform.submit({}, headers);
      const other = await platform.call('POST', '/api/experiments', { ...COMPARISON, title: 'Another' }, headers);
      expect(other).toMatchObject({ status: 400, body: { errors: [{ path: 'Idempotency-Key' }] } });
    });
  });

  describe('in lists', () => {
    it('is found by pages that neither skip nor repeat, whatever is added meanwhile', async () => {
      platform.planning.runs = await plainRuns(1, seed);
      const title = `Paging ${seed} 100%`;
      const made: string[] = [];
      for (let i = 0; i < 5; i++) made.push((await platform.submit({ title: `${title} ${i}` })).id);
      const seen: string[] = [];
      let cursor = '';
      do {
        const query = new URLSearchParams({ q: `${seed} 100%`, limit: '2', ...(cursor ? { cursor } : {}) });
        const { body } = await platform.get<{ items: ExperimentSummary[]; next: string | null; total: number }>(
          `/api/experiments?${query}`,
        );
        seen.push(...body.items.map((item) => item.id));
        if (seen.length === 2) await platform.submit({ title });
        cursor = body.next ?? '';
      } while (cursor);
      expect(seen).toEqual(made.reverse());
    });

    it('pages through its runs in the order of the plan', async () => {
      platform.planning.runs = await plainRuns(7, seed);
      const experiment = await platform.submit();
      const path = `/api/experiments/${experiment.id}/runs?limit=3&state=queued`;
      const first = (await platform.get<{ items: RunSummary[]; next: string; total: number }>(path)).body;
      expect(first.total).toBe(7);
      const second = (await platform.get<{ items: RunSummary[] }>(`${path}&cursor=${first.next}`)).body;
      expect([...first.items, ...second.items].map((run) => run.seed)).toEqual([0, 1, 2, 3, 4, 5].map((i) => seed + i));
    });

    it.each([
      '/api/experiments?cursor=%00',
      '/api/experiments?cursor=WzFd',
      '/api/claims?cursor=e30',
      '/api/papers?cursor=x',
    ])('refuses a cursor that is not its own: %s', async (path) => {
      expect(await platform.get(path)).toMatchObject({ status: 400, body: { code: 'invalid-cursor' } });
    });
  });

  it.each(['', '/runs', '/comparison', '/curves?series=a'])('that does not exist has no %s', async (tail) => {
    for (const id of ['no-id', '01890000-0000-7000-8000-000000000000'])
      expect(await platform.get(`/api/experiments/${id}${tail}`)).toMatchObject({ status: 404 });
  });

  it.each([
    ['title', { title: '' }],
    ['subject', { subject: undefined }],
    ['subject.kind', { subject: { kind: 'guess', name: 'x' } }],
    ['techniques', { techniques: [] }],
    ['techniques.0.id', { techniques: [{ id: 7 }] }],
    ['techniques.0.grid.bits', { techniques: [{ id: 'round-to-nearest', grid: { bits: [] } }] }],
    ['seeds', { seeds: 0 }],
    ['items', { items: 1e9 }],
    ['backend', { backend: 'abacus' }],
    ['training.learningRate', { training: { learningRate: -1 } }],
    ['kind', { kind: 'guess' }],
  ])('refuses a bad %s by its name', async (path, bad) => {
    for (const url of ['/api/experiments', '/api/experiments/plan']) {
      const answer = await platform.call<{ code: string; errors: { path: string }[] }>('POST', url, {
        ...COMPARISON,
        ...bad,
      });
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
      expect(answer.body.errors.map((error) => error.path)).toContain(path);
    }
  });
});
