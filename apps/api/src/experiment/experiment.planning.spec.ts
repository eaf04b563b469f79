import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type BackendOption,
  type DataSetOption,
  type ExperimentPlan,
  type Problem,
  RunView,
  type SubjectOption,
  type TechniqueDescriptor,
} from '@claimbench/contracts';
import { CorpusError, corpus } from '@claimbench/corpus';
import { seedAt } from '@claimbench/experiments';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPARISON, outcomeOf, type Platform, startPlatform } from '../../test/platform.ts';
import { ExperimentPlanning } from './experiment.planning.ts';
import type { Comparison } from './experiment.schemas.ts';

/** Data sets and checkpoints that are not part of the repository; a machine without them still has node-docs. */
const DATA_PATH =
  process.env.CLAIMBENCH_DATA_PATH ?? fileURLToPath(new URL('../../../../../shared/data', import.meta.url));

describe('planning with the real techniques, subjects and protocols', () => {
  let platform: Platform;
  beforeAll(async () => {
    platform = await startPlatform({
      realPlanning: true,
      settings: {
        CLAIMBENCH_DATA_PATH: DATA_PATH,
        CLAIMBENCH_HOME: mkdtempSync(join(tmpdir(), 'claimbench-planning-')),
      },
    });
    await platform.reconciler.round();
  });
  afterAll(() => platform.close());

  const plan = (more: Record<string, unknown>) =>
    platform.call<ExperimentPlan & Problem>('POST', '/api/experiments/plan', { ...COMPARISON, ...more });

  it('tells how many runs a comparison has and how long it takes, and writes nothing', async () => {
    const { status, body } = await plan({ seeds: 3 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ reused: 0, limit: 2000 });
    expect(body.arms.map(({ arm, runs }) => [arm === 'baseline', runs])).toEqual([
      [true, 3],
      [false, 3],
      [false, 3],
    ]);
    expect(body.computeSeconds).toBeGreaterThan(0);
    expect(body.wallSeconds).toBeGreaterThan(0);
    const [counts] = await platform.sql(
      'select (select count(*) from run)::int + (select count(*) from experiment)::int as n',
    );
    expect(counts).toEqual({ n: 0 });
  });

  it.each([
    [
      'a grid of 10,000 runs',
      {
        techniques: [
          {
            id: 'round-to-nearest',
            grid: { bits: [2, 3, 4, 5, 6, 7, 8], groupSize: Array.from({ length: 500 }, (_, i) => i + 1) },
          },
        ],
      },
      'too-many-runs',
      /2,000/,
    ],
    ['an unknown technique', { techniques: [{ id: 'magic' }] }, 'unknown-technique', /magic/],
    [
      'a parameter out of its range',
      { techniques: [{ id: 'round-to-nearest', parameters: { bits: 99 } }] },
      'invalid-parameters',
      /bits/,
    ],
    [
      'an unknown parameter',
      { techniques: [{ id: 'round-to-nearest', parameters: { colour: 1 } }] },
      'invalid-parameters',
      /colour/,
    ],
    ['an unknown subject', { subject: { kind: 'recipe', name: 'gpt-9' } }, 'unknown-subject', /gpt-9/],
    ['unknown data', { data: 'the-internet' }, 'unknown-data-set', /the-internet/],
    ['a claim that does not exist', { claim: '9999.0' }, 'invalid-request', /9999\.0/],
  ])('refuses %s', async (_what, bad, code, words) => {
    for (const answer of [
      await plan(bad),
      await platform.call<Problem>('POST', '/api/experiments', { ...COMPARISON, ...bad }),
    ]) {
      expect(answer).toMatchObject({ status: 400, body: { code } });
      expect(answer.body.detail).toMatch(words);
    }
  });

  it('refuses a protocol that does not exist', async () => {
    const body = { kind: 'protocol', protocolId: '0.0-quick' };
    for (const path of ['/api/experiments', '/api/experiments/plan'])
      expect(await platform.call('POST', path, body)).toMatchObject({
        status: 404,
        body: { code: 'unknown-protocol' },
      });
  });

  it('offers what experiments are made of', async () => {
    const techniques = (await platform.get<TechniqueDescriptor[]>('/api/techniques')).body;
    expect(new Set(techniques.map((technique) => technique.family))).toContain('quantization');
    const one = techniques.find((technique) => technique.id === 'round-to-nearest');
    expect((await platform.get('/api/techniques/round-to-nearest')).body).toEqual(one);
    expect((await platform.get('/api/techniques/magic')).status).toBe(404);
    const subjects = (await platform.get<SubjectOption[]>('/api/subjects')).body;
    expect(subjects.map((subject) => subject.name)).toContain('tiny-gpt2');
    const dataSets = (await platform.get<DataSetOption[]>('/api/data-sets')).body;
    expect(dataSets.find((data) => data.name === 'node-docs')).toMatchObject({ unavailable: null });
    const backends = (await platform.get<BackendOption[]>('/api/backends')).body;
    expect(backends.map((backend) => backend.name)).toContain('reference');
  });

  it('submits a comparison whose runs come back as a table', async () => {
    const experiment = await platform.submit({ seeds: 3, items: 10 });
    for (let left = true; left; ) {
      const open = (await platform.runsOf(experiment.id)).filter((run) => run.state === 'queued');
      left = open.length > 0;
      for (const run of open) {
        const bits = Number(run.parameters.bits ?? 32);
        const worker = platform.worker();
        const claimed = await worker.claim(run.id);
        // A run whose base is not there yet comes later.
        if (claimed.status === 409) continue;
        const checkpoint = Buffer.from(run.specHash);
        await worker.putArtifact(checkpoint);
        const { sha256Of } = await import('../../test/platform.ts');
        await worker.finish(run.id, claimed.body.token, {
          state: 'succeeded',
          outcome: outcomeOf(run.specHash, 2 + 1 / bits + run.block / 100),
          artifacts: [{ name: 'checkpoint', sha256: sha256Of(checkpoint), bytes: checkpoint.length }],
        });
        await platform.idle();
      }
    }
    expect((await platform.experiment(experiment.id)).state).toBe('succeeded');
    const { body } = await platform.get<Comparison>(`/api/experiments/${experiment.id}/comparison`);
    expect(body).toMatchObject({ baseline: 'baseline', metric: 'natsPerByte' });
    expect(body.rows.map((row) => [row.n, row.failed])).toEqual([
      [3, 0],
      [3, 0],
      [3, 0],
    ]);
    expect(body.rows[0]?.difference).toBeNull();
    expect(body.rows[2]?.difference?.effect).toBeCloseTo(1 / 32 - 1 / 4, 6);
    // The same again is answered from what was measured.
    const again = (await plan({ seeds: 3, items: 10 })).body;
    expect(again).toMatchObject({ reused: again.runs, computeSeconds: 0 });
  });

  it('registers every protocol of the corpus that has its data, and draws the seeds that were committed to', async () => {
    const { body: subjects } = await platform.get<SubjectOption[]>('/api/subjects');
    const there = new Set(subjects.filter((subject) => subject.unavailable === null).map((subject) => subject.name));
    const protocols = corpus.protocols.filter((protocol) => there.has(protocol.subject.name));
    for (const { id } of protocols) {
      const planned = await platform.call<ExperimentPlan>('POST', '/api/experiments/plan', {
        kind: 'protocol',
        protocolId: id,
      });
      expect(planned.status, `${id}: ${JSON.stringify(planned.body)}`).toBe(200);
      const submitted = await platform.call<{
        id: string;
        registration: { protocolHash: string; reveal: { secret: string } };
      }>('POST', '/api/experiments', { kind: 'protocol', protocolId: id });
      expect(submitted.status, `${id}: ${JSON.stringify(submitted.body)}`).toBe(201);
      const { protocolHash, reveal } = submitted.body.registration;
      const indices = Array.from({ length: 64 }, (_, i) => [i, 1_000_000 + i, 2_000_000 + i]).flat();
      const seeds = new Set(await Promise.all(indices.map((index) => seedAt(reveal.secret, protocolHash, index))));
      const runs = await platform.runsOf(submitted.body.id);
      // The plan also counts the first look that follows the tuning.
      expect(runs.length).toBeGreaterThan(0);
      expect(runs.length).toBeLessThanOrEqual(planned.body.runs);
      expect(runs.filter((run) => !seeds.has(run.seed))).toEqual([]);
      const view = RunView.parse((await platform.get(`/api/runs/${runs[0]?.id}`)).body);
      expect(view.spec.seed).toBe(runs[0]?.seed);
    }
    expect(protocols.length).toBe(new Set(protocols.map((protocol) => protocol.id)).size);
  }, 300_000);

  it('starts with the corpus as it is, and refuses one that names what there is not, by file and field', async () => {
    const planning = platform.app.get(ExperimentPlanning);
    await expect(planning.checkProtocols()).resolves.toBeUndefined();
    const protocol = structuredClone(corpus.protocolById('229.4-quick')!);
    protocol.arms[1]!.technique = { id: 'round-to-nearest', parameters: { bits: 99 } };
    protocol.arms[2]!.technique.id = 'magic';
    protocol.subject.name = 'gpt-17';
    protocol.evaluation.data = 'the-internet';
    const spoilt = planning.checkProtocols({ protocols: [protocol], claimById: corpus.claimById });
    await expect(spoilt).rejects.toThrow(CorpusError);
    const file = 'data/quantization/229-trilm-spectra.protocols/229.4-quick.json';
    await expect(spoilt).rejects.toThrow(`${file}, arms.1.technique.parameters.bits: `);
    await expect(spoilt).rejects.toThrow(`${file}, arms.2.technique.id: unknown technique magic; known: none`);
    await expect(spoilt).rejects.toThrow(`${file}, subject.name: unknown recipe gpt-17`);
    await expect(spoilt).rejects.toThrow(`${file}, evaluation.data: unknown data set the-internet`);
  });
});
