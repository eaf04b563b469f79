import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { AppError } from '@claimbench/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ConsumeOptions, consumeRuns, openRunQueue, queueBackend, type RunAttempt } from '../src/index.ts';
import { postgresServer, type QueueServer, redisServer } from '../src/testing/index.ts';

const backends = [
  { backend: 'postgres', startServer: postgresServer },
  { backend: 'redis', startServer: redisServer },
] as const;

describe.each(backends)('the run queue on $backend', { timeout: 60_000 }, ({ backend, startServer }) => {
  let server: QueueServer;
  const opened: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    server = await startServer();
  }, 60_000);
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
  });
  afterAll(() => server.remove());

  let story = 0;
  /** Ids of one test, so that no test sees another's jobs. */
  const ids = (count: number) => {
    story += 1;
    return Array.from({ length: count }, (_, index) => `run-${story}-${index}`);
  };
  const producer = () => {
    const queue = openRunQueue(server.settings);
    opened.push(queue);
    return queue;
  };
  /** A consumer that notes what it gets. */
  const consumer = (options: Partial<ConsumeOptions> = {}) => {
    const got: RunAttempt[] = [];
    const errors: Error[] = [];
    const handle = options.handle ?? (async () => 'done' as const);
    const runs = consumeRuns(server.settings, {
      concurrency: 4,
      lockSeconds: 1,
      onError: (error) => errors.push(error),
      ...options,
      handle: (attempt) => {
        got.push(attempt);
        return handle(attempt);
      },
    });
    opened.push(runs);
    return { runs, got, errors, runIds: () => got.map((attempt) => attempt.runId) };
  };
  const within = { timeout: 20_000, interval: 20 };

  it('is named by the settings', () => {
    expect(queueBackend(server.settings)).toBe(backend);
    expect(producer().backend).toBe(backend);
  });

  it('delivers what was added, before and after the consumer came, in order', async () => {
    const [first, second, third] = ids(3) as [string, string, string];
    const queue = producer();
    await queue.add(first, 1);
    await queue.add(second, 7);
    expect(await queue.size()).toEqual({ waiting: 2, active: 0 });
    const { got } = consumer({ concurrency: 1 });
    await expect.poll(() => got.length, within).toBe(2);
    await queue.add(third, 2);
    await expect
      .poll(() => got, within)
      .toEqual([
        { runId: first, attempt: 1 },
        { runId: second, attempt: 7 },
        { runId: third, attempt: 2 },
      ]);
  });

  it('keeps one job of an attempt that is added again, and another job for the next attempt', async () => {
    const [run] = ids(1) as [string];
    const queue = producer();
    const other = producer();
    await Promise.all([queue.add(run, 1), other.add(run, 1), queue.addMany([{ runId: run, attempt: 1 }])]);
    await queue.add(run, 2);
    expect(await queue.size()).toEqual({ waiting: 2, active: 0 });
    let release = () => {};
    const hold = new Promise<'done'>((resolve) => {
      release = () => resolve('done');
    });
    const { got } = consumer({ handle: () => hold });
    await expect.poll(() => got.length, within).toBe(2);
    // Being handled is still known: adding it then does nothing either.
    await queue.add(run, 1);
    expect(await queue.size()).toEqual({ waiting: 0, active: 2 });
    release();
    await expect.poll(() => queue.size(), within).toEqual({ waiting: 0, active: 0 });
    expect(got.map((attempt) => attempt.attempt).sort()).toEqual([1, 2]);
  });

  it('knows what waits and what is handled, and forgets it afterwards', async () => {
    const runs = ids(1200);
    const attempts = runs.map((runId) => ({ runId, attempt: 1 }));
    const queue = producer();
    await queue.addMany(attempts.slice(0, 1100));
    expect(await queue.has(runs[0]!, 1)).toBe(true);
    expect(await queue.has(runs[0]!, 2)).toBe(false);
    expect(await queue.missing(attempts)).toEqual(attempts.slice(1100));
    await queue.addMany(attempts.slice(1100));
    const { runIds } = consumer({ concurrency: 8 });
    await expect.poll(() => runIds().length, within).toBe(1200);
    expect(new Set(runIds())).toEqual(new Set(runs));
    await expect.poll(() => queue.missing(attempts), within).toEqual(attempts);
  });

  it('handles as many at once as it was told, and no more', async () => {
    const runs = ids(12);
    let now = 0;
    let most = 0;
    const queue = producer();
    await queue.addMany(runs.map((runId) => ({ runId, attempt: 1 })));
    const { got } = consumer({
      concurrency: 3,
      handle: async () => {
        now += 1;
        most = Math.max(most, now);
        await new Promise((resolve) => setImmediate(resolve));
        now -= 1;
        return 'done';
      },
    });
    await expect.poll(() => got.length, within).toBe(12);
    expect(most).toBe(3);
  });

  it('reports a handler that throws and forgets the attempt', async () => {
    const [run] = ids(1) as [string];
    const queue = producer();
    const { got, errors } = consumer({
      handle: async () => {
        throw new Error('the handler broke');
      },
    });
    await queue.add(run, 1);
    await expect.poll(() => errors.map((error) => error.message), within).toEqual(['the handler broke']);
    await expect.poll(() => queue.has(run, 1), within).toBe(false);
    expect(got).toHaveLength(1);
  });

  it('gives another consumer what one puts back', async () => {
    const [run] = ids(1) as [string];
    const queue = producer();
    const leaving = consumer({ handle: async () => 'put-back' });
    await queue.add(run, 1);
    await expect.poll(() => leaving.got.length, within).toBeGreaterThan(0);
    await leaving.runs.close();
    expect(await queue.has(run, 1)).toBe(true);
    const staying = consumer();
    await expect.poll(() => staying.runIds(), within).toEqual([run]);
  });

  it('takes nothing new after a pause and waits for its handlers when it closes', async () => {
    const [held, later] = ids(2) as [string, string];
    const queue = producer();
    let release = () => {};
    const hold = new Promise<'done'>((resolve) => {
      release = () => resolve('done');
    });
    const pausing = consumer({ handle: () => hold });
    await queue.add(held, 1);
    await expect.poll(() => pausing.runIds(), within).toEqual([held]);
    await pausing.runs.pause();
    await queue.add(later, 1);
    const other = consumer();
    await expect.poll(() => other.runIds(), within).toEqual([later]);
    let closed = false;
    const closing = pausing.runs.close().then(() => {
      closed = true;
    });
    expect(closed).toBe(false);
    release();
    await closing;
    expect(pausing.runIds()).toEqual([held]);
    expect(await queue.size()).toEqual({ waiting: 0, active: 0 });
  });

  it('delivers again what a killed consumer held', async () => {
    const runs = ids(2);
    const queue = producer();
    const doomed = spawn(
      process.execPath,
      [new URL('./hanging-consumer.ts', import.meta.url).pathname, JSON.stringify(server.settings)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let taken = '';
    doomed.stdout.setEncoding('utf8').on('data', (text: string) => {
      taken += text;
    });
    await queue.addMany(runs.map((runId) => ({ runId, attempt: 1 })));
    await expect.poll(() => taken.trim().split('\n').length, within).toBe(2);
    const gone = once(doomed, 'exit');
    doomed.kill('SIGKILL');
    await gone;
    const { runIds } = consumer();
    await expect.poll(() => runIds().toSorted(), within).toEqual(runs);
  });

  it.each(['orderly', 'killed'] as const)('loses nothing when its server is restarted (%s)', async (how) => {
    const runs = ids(20);
    const queue = producer();
    // The consumer is connected and idle, and four runs are being handled, when the server goes.
    let release = () => {};
    const hold = new Promise<'done'>((resolve) => {
      release = () => resolve('done');
    });
    const { got, runIds } = consumer({ handle: () => hold });
    await queue.addMany(runs.slice(0, 10).map((runId) => ({ runId, attempt: 1 })));
    await expect.poll(() => got.length, within).toBe(4);
    await server.stop(how);
    await expect(queue.add(runs[10]!, 1)).rejects.toMatchObject({ code: 'queue-unavailable' });
    await server.start();
    await queue.addMany(runs.slice(10).map((runId) => ({ runId, attempt: 1 })));
    release();
    await expect.poll(() => new Set(runIds()), within).toEqual(new Set(runs));
    await expect.poll(() => queue.size(), within).toEqual({ waiting: 0, active: 0 });
  });

  it('says at once that its server is down, and works once it is up', async () => {
    const [run] = ids(1) as [string];
    await server.stop('orderly');
    const queue = producer();
    const { runIds } = consumer();
    const began = performance.now();
    for (const call of [
      () => queue.add(run, 1),
      () => queue.has(run, 1),
      () => queue.missing([{ runId: run, attempt: 1 }]),
      () => queue.size(),
      () => queue.ping(),
    ])
      await expect(call()).rejects.toThrow(AppError);
    expect(performance.now() - began).toBeLessThan(5000);
    await server.start();
    await queue.ping();
    await queue.add(run, 1);
    await expect.poll(() => runIds(), within).toEqual([run]);
  });

  it('refuses a run id that would not come back as it was', async () => {
    const queue = producer();
    await expect(queue.add('a:b', 1)).rejects.toThrow(/without colons/);
    await expect(queue.add('run', 0)).rejects.toThrow(/attempt number from 1/);
  });
});

describe('the run queue without a server', () => {
  it('names the settings that are missing', () => {
    expect(() => openRunQueue({})).toThrow(/REDIS_URL or DATABASE_URL/);
  });
});
