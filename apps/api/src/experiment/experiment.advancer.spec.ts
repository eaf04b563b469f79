import { type RuleChange, type RunSummary, VerdictRecord } from '@claimbench/contracts';
import { commitmentOf, RULE_VERSION, secretAt } from '@claimbench/experiments';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Platform, startPlatform, TOKEN } from '../../test/platform.ts';
import { baseAndDependents, plainRuns, plannedRun, specOf } from '../../test/scripted-planning.ts';

describe('an experiment that tests a claim', () => {
  let platform: Platform;
  let seed = 1000;
  beforeAll(async () => {
    platform = await startPlatform();
    await platform.reconciler.round();
  });
  afterAll(() => platform.close());
  beforeEach(() => {
    seed += 100;
    platform.planning.stages = [];
    platform.planning.judgementFails = null;
  });

  it('reveals its seeds at the registration, runs stage after stage and ends with its verdict', async () => {
    const { nextCommitment } = (await platform.get<{ nextCommitment: string }>('/api/system')).body;
    const tuning = (await plainRuns(2, seed)).map((run) => ({ ...run, role: 'tuning' as const }));
    platform.planning.stages = [tuning, await baseAndDependents(seed + 10, [4])];
    const experiment = await platform.submitProtocol();
    expect(experiment.phase).toBe('tuning');
    const { registration } = experiment;
    expect(registration?.reveal).toMatchObject({
      commitment: nextCommitment,
      protocolHash: registration?.protocolHash,
    });
    expect(await commitmentOf(registration?.reveal.secret ?? '')).toBe(nextCommitment);
    const [chain] = await platform.sql<{ root: string; length: number; next: number }>('select * from seed_chain');
    if (!chain) throw new Error('no chain');
    expect(await secretAt(chain.root, chain.length, chain.next - 1)).toBe(registration?.reveal.secret);

    expect((await platform.runsOf(experiment.id)).map((run) => run.stage)).toEqual([0, 0]);
    await platform.executeAll(experiment);
    const ended = await platform.experiment(experiment.id);
    expect(ended).toMatchObject({
      state: 'succeeded',
      phase: 'judged',
      reason: 'within-margin',
      verdict: { verdict: 'supported' },
    });
    const stages = (await platform.runsOf(experiment.id)).map((run: RunSummary) => run.stage);
    expect(stages).toEqual([0, 0, 1, 1]);
    const claim = await platform.get<{ claim: { status: string; headline: unknown }; history: unknown[] }>(
      '/api/claims/229.4',
    );
    expect(claim.body.claim).toMatchObject({ status: 'verdict', headline: { experimentId: experiment.id } });

    const record = VerdictRecord.parse(claim.body.history[0]);
    expect((await platform.get(`/api/verdicts/${record.id}`)).body).toEqual(record);
    const cited = await fetch(`${platform.url}/api/verdicts/${record.id}/citation`);
    expect(cited.headers.get('content-disposition')).toContain('CITATION.cff');
    const cff = await cited.text();
    expect(cff).toContain('cff-version: 1.2.0\n');
    expect(cff).toContain(`value: "sha256:${record.verdict.protocolHash}"`);
    for (const id of ['nothing', '01890000-0000-7000-8000-000000000000'])
      expect(await platform.get(`/api/verdicts/${id}/citation`)).toMatchObject({ status: 404 });
  });

  it('is told what earlier registrations of its protocol measured, those that were cancelled too', async () => {
    const arms = (block: number, first: number, natsPerByte: readonly [number, number]) =>
      Promise.all(
        (['full', 'four'] as const).map(async (arm, i) => ({
          ...(await plannedRun(specOf(first + i, 'none'), arm, { block })),
          natsPerByte: natsPerByte[i]!,
        })),
      );
    const register = async (planned: Awaited<ReturnType<typeof arms>>) => {
      platform.planning.stages = [planned.map(({ natsPerByte: _loss, ...run }) => run)];
      const experiment = await platform.submitProtocol();
      const runs = await platform.runsOf(experiment.id);
      for (const [i, run] of runs.entries()) {
        const last = i === runs.length - 1;
        // The last run of the cancelled one is never executed.
        if (planned.length > 2 && last) continue;
        await platform.worker().execute(run.id, { natsPerByte: planned[i]!.natsPerByte });
      }
      return experiment;
    };
    const cancelled = await register([...(await arms(0, seed, [2, 2.25])), ...(await arms(1, seed + 10, [2, 3]))]);
    await platform.call('POST', `/api/experiments/${cancelled.id}/cancel`);
    platform.planning.earlier = [];
    await register(await arms(0, seed + 20, [2, 2.5]));
    const seen = platform.planning.earlier.at(-1)!;
    const own = seen.at(-1)!;
    // Block 1 is not complete, so it says nothing.
    expect(own.parts.map(({ id, contrasts }) => [id, contrasts.length])).toEqual([['holds', 1]]);
    expect(own.parts[0]!.contrasts[0]).toBeCloseTo(-0.25, 9);
    platform.planning.earlier = [];
    await register(await arms(0, seed + 30, [2, 2]));
    expect(platform.planning.earlier.at(-1)!).toHaveLength(seen.length + 1);
  });

  it('is judged again when the rules change: appended, never edited, with the flips told', async () => {
    platform.planning.stages = [await plainRuns(1, seed)];
    const experiment = await platform.submitProtocol();
    await platform.executeAll(experiment);
    const ask = (tail = '') =>
      platform.call<RuleChange>('POST', `/api/rules/re-evaluate${tail}`, undefined, {
        authorization: `Bearer ${TOKEN}`,
      });
    expect((await ask()).body).toEqual({ ruleVersion: RULE_VERSION, judged: 0, dryRun: false, flips: [] });
    // As if an older rule had contradicted: its verdict is the latest of this experiment.
    await platform.sql(
      `insert into verdict (id, experiment_id, claim, word, rule_version, cause, evidence_level, verdict, at)
       select gen_random_uuid(), experiment_id, claim, 'contradicted', 0, 'correction', evidence_level,
              verdict || '{"ruleVersion": 0, "verdict": "contradicted", "reason": "worse-than-margin"}', now()
         from verdict where experiment_id = $1`,
      [experiment.id],
    );
    const flip = {
      claim: '229.4',
      protocolId: '229.4-quick',
      experimentId: experiment.id,
      from: { verdict: 'contradicted', reason: 'worse-than-margin', ruleVersion: 0 },
      to: { verdict: 'supported', reason: 'within-margin', ruleVersion: RULE_VERSION },
    };
    const words = async () =>
      (
        await platform.sql('select word, cause from verdict where experiment_id = $1 order by at, id', [experiment.id])
      ).map(({ word, cause }) => `${word} by ${cause}`);
    const before = await words();
    expect((await ask('?dryRun=true')).body).toMatchObject({ judged: 1, dryRun: true, flips: [flip] });
    expect(await words()).toEqual(before);
    expect((await ask()).body).toMatchObject({ judged: 1, flips: [flip] });
    expect(await words()).toEqual([...before, 'supported by rule-change']);
    expect((await ask()).body).toMatchObject({ judged: 0, flips: [] });
    expect((await platform.get('/api/rules/flips')).body).toEqual([flip]);
    expect((await platform.experiment(experiment.id)).verdict?.verdict).toBe('supported');
    expect(await platform.call('POST', '/api/rules/re-evaluate')).toMatchObject({ status: 401 });
  });

  it('appends its verdict once when two processes judge it at the same moment', async () => {
    const second = await startPlatform({ sharing: platform });
    platform.planning.stages = second.planning.stages = [await plainRuns(1, seed)];
    const experiment = await platform.submitProtocol();
    const [run] = await platform.runsOf(experiment.id);
    const races = [platform.races.hold('advance.computed'), second.races.hold('advance.computed')];
    const worker = platform.worker();
    const { body } = await worker.claim(run?.id ?? '');
    const outcome = {
      metrics: {},
      items: null,
      diverged: null,
      timings: {},
      digest: 'e'.repeat(64),
      environment: {},
    };
    await worker.finish(run?.id ?? '', body.token, { state: 'succeeded', outcome, artifacts: [] });
    const round = second.reconciler.round();
    await Promise.all(races.map((race) => race.arrived(1)));
    for (const race of races) race.release();
    await Promise.all([round, platform.idle()]);
    const verdicts = await platform.sql('select * from verdict where experiment_id = $1', [experiment.id]);
    expect(verdicts).toHaveLength(1);
    await second.close();
  });

  it('begins a stage once when two processes plan it at the same moment', async () => {
    const second = await startPlatform({ sharing: platform });
    const stages = [await plainRuns(1, seed), await plainRuns(2, seed + 10)];
    platform.planning.stages = second.planning.stages = stages;
    const experiment = await platform.submitProtocol();
    const [run] = await platform.runsOf(experiment.id);
    const races = [platform.races.hold('advance.computed'), second.races.hold('advance.computed')];
    const executed = platform.worker().execute(run?.id ?? '');
    await races[0]?.arrived(1);
    const round = second.reconciler.round();
    await races[1]?.arrived(1);
    for (const race of races) race.release();
    await Promise.all([round, executed]);
    expect((await platform.runsOf(experiment.id)).map((r) => r.stage)).toEqual([0, 1, 1]);
    await second.close();
  });

  it('is judged after a restart when the process died before it wrote the verdict', async () => {
    const dying = await startPlatform({ sharing: platform });
    dying.planning.stages = platform.planning.stages = [await plainRuns(1, seed)];
    const experiment = await platform.submitProtocol();
    const [run] = await platform.runsOf(experiment.id);
    const death = dying.races.hold('advance.computed');
    const last = dying.worker().execute(run?.id ?? '');
    await death.arrived(1);
    await platform.reconciler.round();
    expect(await platform.experiment(experiment.id)).toMatchObject({ state: 'succeeded', verdict: { n: 3 } });
    death.release();
    await last;
    await dying.close();
  });

  it('fails with the reason when its outcomes cannot be judged', async () => {
    platform.planning.stages = [await plainRuns(1, seed)];
    platform.planning.judgementFails = new Error('arm four has no items');
    const experiment = await platform.submitProtocol();
    await platform.executeAll(experiment);
    expect(await platform.experiment(experiment.id)).toMatchObject({
      state: 'failed',
      reason: 'The outcomes could not be judged: arm four has no items',
      verdict: null,
    });
  });

  it('refuses any change of its verdict', async () => {
    await expect(platform.sql(`update verdict set word = 'contradicted'`)).rejects.toThrow(/never changed/);
    await expect(platform.sql('delete from verdict')).rejects.toThrow(/never changed/);
  });
});
