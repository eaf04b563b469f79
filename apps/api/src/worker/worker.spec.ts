import type { RunView, SystemStatus } from '@claimbench/contracts';
import { consumeRuns, type RunAttempt } from '@claimbench/queue';
import { type QueueServer, redisServer } from '@claimbench/queue/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform, TOKEN } from '../../test/platform.ts';
import { baseAndDependents, plainRuns } from '../../test/scripted-planning.ts';
import { openApiDocument } from '../openapi/document.ts';
import { QueueService } from '../queue/queue.service.ts';

describe.each(['postgres', 'redis'] as const)('workers, with the queue on %s', (backend) => {
  let platform: Platform;
  let redis: QueueServer | null = null;
  let seed = 0;
  beforeAll(async () => {
    redis = backend === 'redis' ? await redisServer() : null;
    platform = await startPlatform({ settings: redis ? { REDIS_URL: redis.settings.REDIS_URL ?? '' } : {} });
    await platform.reconciler.round();
  });
  afterAll(async () => {
    await platform.close();
    await redis?.remove();
  });

  it('are the only ones who may call what is theirs', async () => {
    const { paths } = openApiDocument(platform.app);
    const routes = Object.entries(paths)
      .filter(([path]) => path.startsWith('/api/worker/'))
      .flatMap(([path, item]) => Object.keys(item).map((method) => ({ path, method: method.toUpperCase() })));
    expect(routes.length).toBeGreaterThanOrEqual(9);
    const wrong: Record<string, string>[] = [
      {},
      { authorization: TOKEN },
      { authorization: 'Bearer ' },
      { authorization: `Bearer ${TOKEN}x` },
      { authorization: `Basic ${TOKEN}` },
    ];
    for (const { path, method } of routes) {
      for (const headers of wrong) {
        const url = path.replace('{id}', '01890000-0000-7000-8000-000000000000').replace('{sha256}', '0'.repeat(64));
        const answer = await platform.call(method, url, method === 'GET' ? undefined : {}, headers);
        expect(answer, `${method} ${path}`).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      }
    }
  });

  it('are seen while they say hello', async () => {
    const hello = { worker: 'w1', machine: { cores: 8, slots: 4 }, running: 2 };
    expect((await platform.worker().call('POST', '/hello', hello)).status).toBe(204);
    expect((await platform.worker().call('POST', '/hello', { ...hello, running: 3 })).status).toBe(204);
    const { body } = await platform.get<SystemStatus>('/api/system');
    expect(body.workers).toMatchObject([{ name: 'w1', machine: { slots: 4 }, running: 3 }]);
    // Four runs at once.
    platform.planning.runs = await plainRuns(8, seed);
    seed += 8;
    expect((await platform.submit()).remainingSeconds).toBe(4);
    await platform.sql(`update worker set last_seen = now() - interval '1 minute'`);
    expect((await platform.get<SystemStatus>('/api/system')).body.workers).toEqual([]);
    await platform.sql(`update worker set last_seen = now() - interval '5 days'`);
    const restarted = await startPlatform({ sharing: platform });
    await restarted.reconciler.round();
    await restarted.close();
    expect(await platform.sql('select name from worker')).toEqual([]);
  });

  /** Consumes the queue as a worker does; `handle` gets what is claimable of the runs with this seed. */
  async function consume(ofSeed: number, handle: (run: RunAttempt, technique: string) => Promise<void>) {
    const errors: Error[] = [];
    const consumer = consumeRuns(platform.settings, {
      concurrency: 2,
      onError: (error) => errors.push(error),
      handle: async (run) => {
        const { spec, state } = (await platform.get<RunView>(`/api/runs/${run.runId}`)).body;
        if (spec.seed === ofSeed && state === 'queued') await handle(run, spec.technique.id);
        return 'done';
      },
    });
    await consumer.ready();
    return { errors, close: () => consumer.close() };
  }

  it('get a base from the queue, again as its next attempt when it was given back, and nothing that waits for it', async () => {
    const delivered: [string, number][] = [];
    const consumer = await consume(++seed, async ({ runId, attempt }, technique) => {
      delivered.push([technique, attempt]);
      const { body } = await platform.worker('queue').claim(runId);
      if (attempt < 4) await platform.worker().call('POST', `/runs/${runId}/release`, { token: body.token });
    });
    platform.planning.runs = await baseAndDependents(seed, [8, 4]);
    const experiment = await platform.submit();
    await expect.poll(() => delivered.length, { timeout: 10_000 }).toBe(4);
    expect(delivered).toEqual([1, 2, 3, 4].map((attempt) => ['none', attempt]));
    await platform.call('POST', `/api/experiments/${experiment.id}/cancel`);
    await consumer.close();
    expect(consumer.errors).toEqual([]);
  });

  it('execute an experiment to its end from the queue alone', async () => {
    const executed: string[] = [];
    const consumer = await consume(++seed, async ({ runId }, technique) => {
      await platform.worker('queue').execute(runId, { checkpoint: true });
      executed.push(technique);
    });
    platform.planning.runs = await baseAndDependents(seed, [8, 4, 2]);
    const experiment = await platform.submit();
    const state = async () => (await platform.experiment(experiment.id)).state;
    await expect.poll(state, { timeout: 10_000 }).toBe('succeeded');
    // The experiment has succeeded as soon as its last run has said so: the handler of that run may still be on its way back.
    await consumer.close();
    expect(executed).toEqual(['none', 'round-to-nearest', 'round-to-nearest', 'round-to-nearest']);
    expect(consumer.errors).toEqual([]);
  });

  it('get runs whose delivery was lost with the process that should have made it', async () => {
    const dying = await startPlatform({ sharing: platform });
    seed += 10;
    dying.planning.runs = await plainRuns(3, seed);
    const death = dying.races.hold('submit.committed');
    const submission = dying.submit();
    await death.arrived(1);
    const queue = platform.app.get(QueueService);
    const rows = await platform.sql<{ id: string }>(`select id from run where (spec ->> 'seed')::int >= $1`, [seed]);
    const attempts = rows.map(({ id }) => ({ runId: id, attempt: 1 }));
    expect(attempts).toHaveLength(3);
    expect(await queue.missing(attempts)).toHaveLength(3);
    await platform.reconciler.round();
    expect(await queue.missing(attempts)).toEqual([]);
    // The same when the process died after it had queued a run again: what is delivered is its next attempt.
    const again = { runId: attempts[0]?.runId ?? '', attempt: 2 };
    await platform.sql('update run set attempt = 1 where id = $1', [again.runId]);
    expect(await queue.missing([again])).toEqual([again]);
    await platform.reconciler.round();
    expect(await queue.missing([again])).toEqual([]);
    death.release();
    await submission;
    await dying.close();
  });
});
