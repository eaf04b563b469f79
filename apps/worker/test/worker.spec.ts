import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type FinishRun, NO_TECHNIQUE, type RunSpec } from '@claimbench/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TestRun } from './api-server.ts';
import { childrenOf, isAlive, openWorld, specOf, until } from './world.ts';

const LEASE_SECONDS = 2;

describe('a worker', { timeout: 60_000 }, () => {
  let world: Awaited<ReturnType<typeof openWorld>>;
  beforeAll(async () => {
    world = await openWorld(LEASE_SECONDS);
  }, 60_000);
  afterEach(() => world.settle(), 30_000);
  afterAll(() => world.close());

  let story = 0;
  const add = (spec: RunSpec, options: Parameters<typeof world.api.addRun>[2] = {}) => {
    story += 1;
    return world.api.addRun(`run-${story}`, spec, options);
  };
  const ended = async (run: TestRun): Promise<FinishRun['result']> => {
    await until(() => run.result !== null, 40);
    if (run.result === null) throw new Error('unreachable');
    return run.result;
  };
  const failureOf = async (run: TestRun) => {
    const result = await ended(run);
    if (!('failure' in result)) throw new Error(`expected a failure, found ${JSON.stringify(result)}`);
    return { state: result.state, ...result.failure };
  };
  const trainingLoss = (run: TestRun) => run.applied.filter((point) => point.series === 'trainingLoss');

  describe('with a run that ends well', () => {
    it('reports its points, log, progress, outcome and peak memory, and leaves no file', async () => {
      await world.startHere();
      const run = add(specOf('points', { count: 250 }));
      const result = await ended(run);
      expect(result).toMatchObject({
        state: 'succeeded',
        outcome: { metrics: { natsPerByte: 1.25, runsOfThisProcess: 1, secrets: 0 } },
      });
      if (result.state !== 'succeeded') return;
      expect(result.outcome.timings.peakResidentMiB).toBeGreaterThan(20);
      expect(trainingLoss(run).map((point) => point.step)).toEqual(Array.from({ length: 250 }, (_, step) => step));
      expect(run.log.map((line) => line.sequence)).toEqual(run.log.map((_, index) => index));
      expect(run.log.map((line) => line.message)).toEqual(expect.arrayContaining(['step 0', 'step 200']));
      const work = join(world.folder, 'home', 'work');
      await until(() => readdirSync(work).every((name) => readdirSync(join(work, name)).length === 0));
    });

    it('serves every run by a process of its own', async () => {
      await world.startHere();
      const runs = Array.from({ length: 4 }, () => add(specOf('points', { count: 3 })));
      for (const run of runs)
        expect(await ended(run)).toMatchObject({ state: 'succeeded', outcome: { metrics: { runsOfThisProcess: 1 } } });
    });

    it.runIf(availableParallelism() > 1)('executes several at once and divides the cores among them', async () => {
      await world.startHere({ CLAIMBENCH_WORKER_CONCURRENCY: '2' });
      const done = join(world.folder, 'two-at-once');
      const runs = Array.from({ length: 3 }, () => add(specOf('points', { until: done })));
      await until(() => runs.filter((run) => run.state === 'running').length === 2);
      expect(runs.filter((run) => run.state === 'queued')).toHaveLength(1);
      writeFileSync(done, '');
      const threads = Math.floor(availableParallelism() / 2);
      for (const run of runs)
        expect(await ended(run)).toMatchObject({ state: 'succeeded', outcome: { metrics: { threads } } });
    });

    it.runIf(availableParallelism() > 1)('executes one that is timed alone, also while others wait', async () => {
      await world.startHere({ CLAIMBENCH_WORKER_CONCURRENCY: '2' });
      const timing = { against: NO_TECHNIQUE, rounds: 3, sampleMs: 1 };
      const file = (name: string) => join(world.folder, `alone-${name}`);
      const first = add(specOf('points', { until: file('first') }));
      await until(() => first.state === 'running');
      const timed = add({ ...specOf('points', { until: file('timed') }), timing });
      await until(() => timed.state === 'claimed');
      const last = add(specOf('points', { count: 3 }));
      // Nothing of it is started, however long the first one goes on.
      await until(() => trainingLoss(first).length > 200);
      expect([timed.state, last.state]).toEqual(['claimed', 'queued']);
      writeFileSync(file('first'), '');
      await until(() => timed.state === 'running');
      await until(() => last.state === 'claimed');
      await until(() => trainingLoss(timed).length > 200);
      expect(last.state).toBe('claimed');
      writeFileSync(file('timed'), '');
      for (const run of [first, timed, last]) expect(await ended(run)).toMatchObject({ state: 'succeeded' });
    });

    it('stores its artifacts before it says that it succeeded, once', async () => {
      await world.startHere();
      const bytes = 3 * 2 ** 20 + 17;
      const sha256 = createHash('sha256').update(new Uint8Array(bytes).fill(7)).digest('hex');
      const expected = { state: 'succeeded', artifacts: [{ name: 'checkpoint', sha256, bytes }] };
      world.api.loseConnection(/PUT/, 'before');
      expect(await ended(add(specOf('artifacts', { bytes })))).toMatchObject(expected);
      expect(world.api.artifacts.get(sha256)?.byteLength).toBe(bytes);
      const puts = () => world.api.calls.filter((call) => call.path.startsWith('PUT')).length;
      const before = puts();
      expect(await ended(add(specOf('artifacts', { bytes })))).toMatchObject(expected);
      expect(puts()).toBe(before);
    });

    it('brings the base by its hash and keeps it', async () => {
      await world.startHere();
      const checkpoint = Buffer.alloc(2 ** 20, 'base');
      const sha256 = createHash('sha256').update(checkpoint).digest('hex');
      world.api.artifacts.set(sha256, checkpoint);
      const base = { name: 'checkpoint', sha256, bytes: checkpoint.byteLength };
      const expected = { state: 'succeeded', outcome: { environment: { base: sha256 } } };
      world.api.loseConnection(/GET .*artifacts/, 'before');
      expect(await ended(add(specOf('read-base'), { base }))).toMatchObject(expected);
      const gets = () => world.api.calls.filter((call) => call.path.startsWith('GET')).length;
      const before = gets();
      expect(await ended(add(specOf('read-base'), { base }))).toMatchObject(expected);
      expect(gets()).toBe(before);
      // A cached file that rotted is noticed and brought again.
      writeFileSync(join(world.folder, 'home', 'cache', 'artifacts', sha256.slice(0, 2), sha256), 'rotten');
      expect(await ended(add(specOf('read-base'), { base }))).toMatchObject(expected);
      expect(gets()).toBe(before + 1);
    });
  });

  describe('when the network fails', () => {
    it('loses no point and sends none twice', async () => {
      await world.startHere();
      for (const when of ['before', 'after', 'before', 'after'] as const) world.api.loseConnection(/points/, when);
      world.api.answerWith(/points/, 503, 2);
      for (const path of [/start/, /finish/]) {
        world.api.loseConnection(path, 'before');
        world.api.loseConnection(path, 'after');
      }
      const run = add(specOf('points', { count: 1500 }));
      expect(await ended(run)).toMatchObject({ state: 'succeeded' });
      expect(trainingLoss(run).map((point) => point.step)).toEqual(Array.from({ length: 1500 }, (_, step) => step));
    });

    it('claims the run although the answer to its claim was lost', async () => {
      await world.startHere();
      world.api.loseConnection(/claim/, 'after');
      const run = add(specOf('points', { count: 3 }));
      expect(await ended(run)).toMatchObject({ state: 'succeeded' });
      expect(run.token).toBe(1);
    });

    it('keeps computing while the API is away and reports everything when it is back', async () => {
      await world.startHere();
      const done = join(world.folder, 'api-away');
      const run = add(specOf('points', { until: done }));
      await until(() => trainingLoss(run).length > 10);
      await world.api.stop();
      const known = trainingLoss(run).length;
      // Longer than a heartbeat's interval, shorter than the lease.
      await until(() => world.logs.some((line) => /heartbeat was not answered/.test(String(line.msg))));
      writeFileSync(done, '');
      await until(() => world.logs.some((line) => line.call === 'points' && /does not answer/.test(String(line.msg))));
      await world.api.start();
      expect(await ended(run)).toMatchObject({ state: 'succeeded' });
      const steps = trainingLoss(run).map((point) => point.step);
      expect(steps.length).toBeGreaterThan(known + 100);
      expect(steps).toEqual(Array.from({ length: steps.length }, (_, step) => step));
      expect(run.token).toBe(1);
    });
  });

  describe('ends the child and says why', () => {
    it('when the run is cancelled, even in the middle of a computation', async () => {
      await world.startHere();
      const run = add(specOf('burn'));
      await until(() => trainingLoss(run).length === 1);
      run.cancelRequested = true;
      const asked = performance.now();
      expect(await ended(run)).toEqual({ state: 'cancelled' });
      expect(performance.now() - asked).toBeLessThan(2000);
      expect(run.heartbeats).toBeGreaterThan(0);
    });

    it('when it takes too long', async () => {
      await world.startHere();
      const seconds = 1.5 * LEASE_SECONDS;
      const run = add(specOf('burn'), { seconds });
      const failure = await failureOf(run);
      expect(failure).toMatchObject({ state: 'timed-out', code: 'time-limit' });
      expect(failure.message).toMatch(/limit of 3 s/);
      expect(trainingLoss(run)).toHaveLength(1);
      // Its lease was renewed all the while, although the child never came back to its event loop.
      expect(run).toMatchObject({ token: 1, requeues: 0 });
      expect(run.applied.filter((point) => point.series === 'residentMiB').length).toBeGreaterThan(1);
    });

    it('when it holds too much memory', async () => {
      await world.startHere();
      const failure = await failureOf(add(specOf('allocate'), { memoryMiB: 400 }));
      expect(failure).toMatchObject({ state: 'failed', code: 'memory-limit' });
      const held = Number(/held (\d+) MiB/.exec(failure.message)?.[1]);
      expect(held).toBeGreaterThan(400);
      expect(held).toBeLessThan(700);
    });

    it.each([
      { how: 'SIGSEGV', said: /killed by SIGSEGV/ },
      { how: 'SIGKILL', said: /killed by SIGKILL/ },
      { how: 'exit', said: /exit code 3/ },
      { how: 'throw', said: /exit code 1.*thrown where nobody listens/s },
    ])('when it crashes ($how), with its last words', async ({ how, said }) => {
      await world.startHere();
      const run = add(specOf('crash', { how }));
      const failure = await failureOf(run);
      expect(failure).toMatchObject({ state: 'failed', code: 'crashed' });
      expect(failure.message).toMatch(said);
      expect(failure.message).toMatch(/about to go/);
      expect(run.log.map((line) => line.message)).toEqual(
        expect.arrayContaining(['something is wrong', 'about to go']),
      );
    });

    it('when the heap of the executor is full', async () => {
      process.env.NODE_OPTIONS = '--max-old-space-size=64';
      await world.startHere().finally(() => delete process.env.NODE_OPTIONS);
      const failure = await failureOf(add(specOf('fill-the-heap')));
      expect(failure).toMatchObject({ state: 'failed', code: 'out-of-memory' });
      expect(failure.message).toMatch(/heap out of memory/);
    });

    it('when the executor says so, reports what is not a number, or is not able to', async () => {
      await world.startHere();
      expect(await failureOf(add(specOf('fail')))).toEqual({
        state: 'failed',
        code: 'diverged',
        message: 'the loss is NaN',
        step: 17,
      });
      expect(await failureOf(add(specOf('nonsense')))).toMatchObject({ state: 'failed', code: 'internal' });
      expect(await failureOf(add(specOf('unheard-of')))).toMatchObject({ state: 'failed', code: 'internal' });
    });

    it('when the base or the artifacts are not what they should be', async () => {
      await world.startHere();
      const sha256 = 'e'.repeat(64);
      const base = { name: 'checkpoint', sha256, bytes: 5 };
      expect(await failureOf(add(specOf('read-base'), { base }))).toMatchObject({ code: 'data-unavailable' });
      world.api.artifacts.set(sha256, Buffer.from('other'));
      expect(await failureOf(add(specOf('read-base'), { base }))).toMatchObject({ code: 'hash-mismatch' });
      expect(await failureOf(add(specOf('artifacts', { bytes: 9, lie: true })))).toMatchObject({
        code: 'hash-mismatch',
      });
    });
  });

  it('says nothing more of a run that it lost, and ends its child', async () => {
    await world.startHere();
    const run = add(specOf('burn'));
    await until(() => trainingLoss(run).length === 1);
    const [child] = childrenOf(process.pid).filter((pid) => pid > 0);
    expect(child).toBeDefined();
    // Another worker's claim: the token grows, and whatever the first one sends is refused.
    run.token += 1;
    run.worker = 'another';
    run.leaseUntil = Number.POSITIVE_INFINITY;
    await until(() => world.logs.some((line) => /the run is lost/.test(String(line.msg))));
    const calls = world.api.calls.length;
    await until(() => world.api.calls.slice(calls).some((call) => /hello/.test(call.path)), 10);
    expect(world.api.calls.slice(calls).filter((call) => call.path.includes(run.id))).toEqual([]);
    expect(run.result).toBeNull();
    // The worker goes on with the next run.
    expect(await ended(add(specOf('points', { count: 3 })))).toMatchObject({ state: 'succeeded' });
  });

  it('drops a job of a run that cannot be claimed', async () => {
    await world.startHere();
    await world.queue.add('nobody-knows-this-run', 1);
    const run = add(specOf('points', { count: 3 }));
    await ended(run);
    await world.queue.add(run.id, 9);
    await until(() => world.logs.filter((line) => /not claimed/.test(String(line.msg))).length === 2);
    expect(run.token).toBe(1);
  });

  describe('that ends', () => {
    it('gives its runs back when it is asked to stop, and another worker runs them', async () => {
      const leaving = await world.startProcess();
      const done = join(world.folder, 'given-back');
      const run = add(specOf('points', { until: done }));
      await until(() => trainingLoss(run).length > 0);
      const children = childrenOf(leaving.pid ?? 0);
      expect(children.length).toBeGreaterThan(0);
      const asked = performance.now();
      const gone = once(leaving, 'exit');
      leaving.kill('SIGTERM');
      expect((await gone)[0]).toBe(0);
      expect(performance.now() - asked).toBeLessThan(3000);
      expect(run.requeues).toBe(1);
      expect(children.filter(isAlive)).toEqual([]);
      writeFileSync(done, '');
      await world.startHere();
      expect(await ended(run)).toMatchObject({ state: 'succeeded' });
      expect(run.token).toBe(2);
    });

    it.each(['SIGTERM', 'SIGKILL'] as const)(
      'leaves what a run has trained when it ends by %s, and the next attempt goes on from it, once',
      async (signal) => {
        const doomed = await world.startProcess();
        const done = join(world.folder, `trained-${signal}`);
        const run = add(specOf('train', { until: done }));
        await until(() => trainingLoss(run).length > 20);
        const gone = once(doomed, 'exit');
        doomed.kill(signal);
        await gone;
        const saved = join(world.folder, 'home', 'cache', 'training');
        expect(readdirSync(saved)).toContain(`${run.id}.safetensors`);
        writeFileSync(done, '');
        await world.startHere();
        const result = await ended(run);
        expect(run.token).toBe(2);
        if (result.state !== 'succeeded') throw new Error(`expected a success, found ${JSON.stringify(result)}`);
        expect(result.outcome.metrics.stepsBefore).toBeGreaterThan(20);
        await until(() => readdirSync(saved).length === 0);
      },
    );

    it('leaves no child when it is killed, computing or waiting, and another worker takes its run', async () => {
      const doomed = await world.startProcess();
      const run = add(specOf('burn'), { seconds: 60 });
      await until(() => trainingLoss(run).length === 1);
      // The one that burns, and one that waits.
      await until(() => childrenOf(doomed.pid ?? 0).length === 2);
      const children = childrenOf(doomed.pid ?? 0);
      const gone = once(doomed, 'exit');
      doomed.kill('SIGKILL');
      await gone;
      await until(() => children.every((pid) => !isAlive(pid)), 2);
      run.spec = specOf('points', { count: 5 });
      await world.startHere();
      expect(await ended(run)).toMatchObject({ state: 'succeeded' });
      expect(run.token).toBe(2);
      expect(run.requeues).toBe(1);
      expect(trainingLoss(run).map((point) => point.step)).toEqual([0, 1, 2, 3, 4]);
    });
  });

  describe('refuses to start', () => {
    it('without the token, or with a wrong one', async () => {
      await expect(world.startHere({ CLAIMBENCH_WORKER_TOKEN: '' })).rejects.toThrow(/CLAIMBENCH_WORKER_TOKEN/);
      await expect(world.startHere({ CLAIMBENCH_WORKER_TOKEN: 'not-the-right-token' })).rejects.toMatchObject({
        code: 'unauthorized',
      });
    });

    it('with an executor that cannot be loaded', async () => {
      const broken = join(world.folder, 'broken.mjs');
      writeFileSync(broken, 'export const executeRun = 1;');
      await expect(world.startHere({}, broken)).rejects.toThrow(/does not export executeRun/);
      await expect(world.startHere({}, join(world.folder, 'nowhere.mjs'))).rejects.toThrow(/Cannot find module/);
      await until(() => childrenOf(process.pid).length === 0);
      expect(existsSync(join(world.folder, 'home', 'work'))).toBe(true);
    });
  });
});
