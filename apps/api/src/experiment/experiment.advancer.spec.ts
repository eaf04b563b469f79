import type { RunSummary } from '@claimbench/contracts';
import { commitmentOf, secretAt } from '@claimbench/experiments';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from '../../test/platform.ts';
import { baseAndDependents, plainRuns } from '../../test/scripted-planning.ts';

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
    platform.planning.stages = [await plainRuns(2, seed), await baseAndDependents(seed + 10, [4])];
    const experiment = await platform.submitProtocol();
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
    expect(ended).toMatchObject({ state: 'succeeded', reason: 'within-margin', verdict: { verdict: 'supported' } });
    const stages = (await platform.runsOf(experiment.id)).map((run: RunSummary) => run.stage);
    expect(stages).toEqual([0, 0, 1, 1]);
    const claim = await platform.get<{ claim: { status: string; headline: unknown }; history: unknown[] }>(
      '/api/claims/229.4',
    );
    expect(claim.body.claim).toMatchObject({ status: 'verdict', headline: { experimentId: experiment.id } });
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
