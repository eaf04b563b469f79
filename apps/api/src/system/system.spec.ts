import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type EmbeddedPostgres, startPostgres } from '@claimbench/postgres';
import { redisServer } from '@claimbench/queue/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventClient } from '../../test/event-client.ts';
import { COMPARISON, type Platform, startPlatform } from '../../test/platform.ts';
import { plainRuns } from '../../test/scripted-planning.ts';

describe('the system', () => {
  describe('when the database goes away and comes back', () => {
    let folder: string;
    let server: EmbeddedPostgres;
    let platform: Platform;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'claimbench-down-'));
      // Durable, as in production: what was committed is there after the kill.
      server = await startPostgres({ folder });
      await promisify(execFile)(
        fileURLToPath(new URL('../../node_modules/.bin/prisma', import.meta.url)),
        ['migrate', 'deploy'],
        {
          cwd: fileURLToPath(new URL('../..', import.meta.url)),
          env: { ...process.env, DATABASE_URL: server.url },
        },
      );
      platform = await startPlatform({ settings: { DATABASE_URL: server.url } });
      await platform.reconciler.round();
    });
    afterAll(async () => {
      await platform.close();
      await server.stop('immediate');
      await rm(folder, { recursive: true, force: true });
    });

    it('says so to everybody, and goes on by itself with nothing lost', async () => {
      platform.planning.runs = await plainRuns(2, 0);
      const experiment = await platform.submit();
      const [run, other] = await platform.runsOf(experiment.id);
      const worker = platform.worker();
      await worker.claim(run?.id ?? '');
      const client = await EventClient.open(platform.url);
      expect((await platform.get('/api/health')).body).toEqual({ status: 'up', database: 'up', queue: 'up' });

      process.kill(await server.pid(), 'SIGKILL');
      const calls: (() => ReturnType<Platform['call']>)[] = [
        () => platform.get('/api/experiments'),
        () => platform.get(`/api/runs/${run?.id}`),
        () => platform.call('POST', '/api/experiments', COMPARISON),
        () => platform.call('POST', '/api/experiments/plan', COMPARISON),
        () => worker.heartbeat(run?.id ?? '', { token: 1, progress: 0.5 }),
        () => worker.points(run?.id ?? '', 1, 0, [{ series: 'a', step: 0, value: 1 }]),
        () => worker.claim(other?.id ?? ''),
        () => worker.finish(run?.id ?? '', 1, { state: 'cancelled' }),
        () => platform.get('/api/system'),
        () => platform.get('/api/claims'),
        () => platform.get('/api/events'),
      ];
      for (const [i, call] of calls.entries())
        expect(await call(), `call ${i}`).toMatchObject({ status: 503, body: { code: 'database-unavailable' } });
      expect(await platform.get('/api/health')).toMatchObject({
        status: 503,
        body: { status: 'down', database: 'down' },
      });
      await expect(platform.reconciler.round()).rejects.toThrow();

      server = await startPostgres({ folder, port: server.port });
      await expect.poll(async () => (await platform.get('/api/health')).status, { timeout: 10_000 }).toBe(200);
      // The lease ran out while nobody could be heard: its worker keeps the run.
      await platform.letLeaseRunOut(run?.id ?? '');
      await platform.reconciler.round();
      expect((await worker.heartbeat(run?.id ?? '', { token: 1, progress: 0.5 })).status).toBe(200);
      await client.untilSome((event) => event.type === 'run.changed' && event.progress === 0.5);
      await client.close();
      expect((await platform.experiment(experiment.id)).counts).toMatchObject({ claimed: 1, queued: 1 });
    });
  });

  it('refuses submissions while the queue is away, writes nothing of them, and goes on when it is back', async () => {
    const redis = await redisServer();
    const platform = await startPlatform({ settings: { REDIS_URL: redis.settings.REDIS_URL ?? '' } });
    await platform.reconciler.round();
    platform.planning.runs = await plainRuns(2, 0);
    const before = await platform.submit();
    const [run] = await platform.runsOf(before.id);

    await redis.stop('killed');
    platform.planning.runs = await plainRuns(2, 100);
    expect(await platform.call('POST', '/api/experiments', COMPARISON)).toMatchObject({
      status: 503,
      body: { code: 'queue-unavailable' },
    });
    expect((await platform.get('/api/experiments')).body).toMatchObject({ total: 1 });
    expect(await platform.get('/api/health')).toMatchObject({
      status: 503,
      body: { status: 'down', database: 'up', queue: 'down' },
    });
    expect((await platform.get('/api/system')).body).toMatchObject({ queue: 'down', queueBackend: 'redis' });
    // Workers need the queue for nothing but the delivery: what they have goes on.
    await platform.worker().execute(run?.id ?? '');
    await expect(platform.reconciler.round()).rejects.toThrow(/queue/);

    await redis.start();
    await expect.poll(async () => (await platform.get('/api/health')).status, { timeout: 10_000 }).toBe(200);
    await platform.reconciler.round();
    expect((await platform.submit()).counts).toMatchObject({ queued: 2 });
    await platform.close();
    await redis.remove();
  });

  it('publishes the commitment to its next secret, and keeps it until a registration', async () => {
    const platform = await startPlatform();
    const [one, two] = await Promise.all([platform.get('/api/system'), platform.get('/api/system')]);
    expect(one.body).toEqual(two.body);
    expect(one.body).toMatchObject({
      database: 'up',
      queue: 'up',
      queueBackend: 'postgres',
      nextCommitment: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(await platform.sql('select * from seed_chain')).toHaveLength(1);
    await platform.close();
  });
});
