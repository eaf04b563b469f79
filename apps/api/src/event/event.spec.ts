import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EventClient } from '../../test/event-client.ts';
import { type Platform, startPlatform } from '../../test/platform.ts';
import { plainRuns } from '../../test/scripted-planning.ts';
import { EventLog } from './event.log.ts';

describe('live events', () => {
  let platform: Platform;
  let log: EventLog;
  let seed = 0;
  beforeAll(async () => {
    platform = await startPlatform();
    log = platform.app.get(EventLog);
  });
  afterAll(() => platform.close());

  const emit = (stage: number) =>
    log.write(async (_tx, send) =>
      send({ type: 'experiment.changed', experimentId: EXPERIMENT, state: 'running', stage }),
    );
  const stages = (client: EventClient) =>
    client.received.map(({ event }) => (event.type === 'experiment.changed' ? event.stage : -1));

  it('tell what happens to a run, as it happens', async () => {
    platform.planning.runs = await plainRuns(1, seed++);
    const client = await EventClient.open(platform.url);
    const experiment = await platform.submit();
    const [run] = await platform.runsOf(experiment.id);
    const worker = platform.worker();
    await worker.claim(run?.id ?? '');
    await worker.start(run?.id ?? '', 1);
    await worker.points(run?.id ?? '', 1, 0, [{ series: 'trainingLoss', step: 3, value: 2 }]);
    await worker.heartbeat(run?.id ?? '', { token: 1, progress: 0.25 });
    await worker.heartbeat(run?.id ?? '', { token: 1, progress: 0.25 });
    await worker.finish(run?.id ?? '', 1, { state: 'failed', failure: { code: 'diverged', message: 'NaN' } });
    await client.untilSome((event) => event.type === 'experiment.changed' && event.state === 'failed');
    expect(
      client.received.map(({ event }) => ('state' in event ? `${event.type} ${event.state}` : event.type)),
    ).toEqual([
      'experiment.changed running',
      'run.changed claimed',
      'run.changed running',
      'run.points',
      'run.changed running',
      'run.changed failed',
      'experiment.changed failed',
    ]);
    expect(client.received[3]?.event).toMatchObject({
      runId: run?.id,
      experimentIds: [experiment.id],
      series: [{ last: 2 }],
    });
    expect(client.received[4]?.event).toMatchObject({ progress: 0.25, metrics: { trainingLoss: 2 } });
    await client.close();
  });

  it('begin with the position that a client resumes from, before anything has happened', async () => {
    const client = await EventClient.open(platform.url, { query: `?experiment=${EXPERIMENT}` });
    const position = client.lastEventId ?? '';
    await client.close();
    expect(client.received).toEqual([]);
    await emit(41);
    const back = await EventClient.open(platform.url, {
      query: `?experiment=${EXPERIMENT}`,
      lastEventId: position,
    });
    await back.until(1);
    expect(stages(back)).toEqual([41]);
    await back.close();
  });

  it('come only for what a client asks about', async () => {
    platform.planning.runs = await plainRuns(2, seed);
    seed += 2;
    const experiment = await platform.submit();
    const [one, two] = await platform.runsOf(experiment.id);
    const ofRun = await EventClient.open(platform.url, { query: `?run=${one?.id}` });
    const ofOther = await EventClient.open(platform.url, { query: `?experiment=${EXPERIMENT}` });
    const ofExperiment = await EventClient.open(platform.url, { query: `?experiment=${experiment.id}` });
    await platform.worker().claim(two?.id ?? '');
    await platform.worker().claim(one?.id ?? '');
    await emit(5);
    await Promise.all([ofRun.until(1), ofOther.until(1), ofExperiment.until(2)]);
    expect(ofRun.received).toMatchObject([{ event: { type: 'run.changed', runId: one?.id } }]);
    expect(stages(ofOther)).toEqual([5]);
    expect(ofExperiment.received).toHaveLength(2);
    await Promise.all([ofRun.close(), ofOther.close(), ofExperiment.close()]);
  });

  it('reach a client that comes back, each once and in order, wherever it was cut off', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 3, maxLength: 6 }), async (pieces) => {
        const total = pieces.reduce((a, b) => a + b, 0);
        let client = await EventClient.open(platform.url, { query: `?experiment=${EXPERIMENT}` });
        const seen: number[] = [];
        // Several at once, so that ids and commits are not in one order.
        const storm = Promise.all(Array.from({ length: total }, (_, i) => emit(i)));
        for (const piece of pieces) {
          await client.until(Math.min(piece, total - seen.length));
          const lastEventId = client.lastEventId ?? '';
          await client.close();
          seen.push(...stages(client));
          if (seen.length < total)
            client = await EventClient.open(platform.url, { query: `?experiment=${EXPERIMENT}`, lastEventId });
          else break;
        }
        await storm;
        if (seen.length < total) {
          await client.until(total - seen.length);
          seen.push(...stages(client));
          await client.close();
        }
        expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i));
        // A client that reads all of it again from the beginning sees the same order.
        const { rows } = await allStages(total);
        expect(seen).toEqual(rows);
      }),
      { numRuns: 8 },
    );
  });

  async function allStages(count: number): Promise<{ rows: number[] }> {
    const rows = await platform.sql<{ stage: number }>(
      `select (event ->> 'stage')::int as stage from event
        where event ->> 'experimentId' = $1 order by transaction desc, id desc limit $2`,
      [EXPERIMENT, count],
    );
    return { rows: rows.map((row) => row.stage).reverse() };
  }

  it('wait for a transaction that began earlier and commits later, and keep the order', async () => {
    const client = await EventClient.open(platform.url, { query: `?experiment=${EXPERIMENT}` });
    const slow = new pg.Client({ connectionString: platform.settings.DATABASE_URL });
    await slow.connect();
    await slow.query('begin');
    await slow.query(`insert into event (experiment_ids, event) values ($1, $2)`, [
      [EXPERIMENT],
      { type: 'experiment.changed', experimentId: EXPERIMENT, state: 'running', stage: 1 },
    ]);
    await emit(2);
    // It is committed and would be visible; delivering it now would put what comes before it behind it.
    const seen = await log.after(await positionOf(client));
    expect(seen).toMatchObject({ events: [], withheld: true });
    await slow.query('commit');
    await slow.end();
    await client.until(2);
    expect(stages(client)).toEqual([1, 2]);
    await client.close();
  });

  async function positionOf(client: EventClient) {
    const [transaction, id] = (client.lastEventId ?? '').split('-');
    return { transaction: BigInt(transaction ?? 0), id: BigInt(id ?? 0) };
  }

  it('of another process of the API come too', async () => {
    const other = await startPlatform({ sharing: platform });
    const client = await EventClient.open(other.url, { query: `?experiment=${EXPERIMENT}` });
    await emit(77);
    await client.until(1);
    expect(stages(client)).toEqual([77]);
    await client.close();
    await other.close();
  });

  it('end when the API stops, so that it can stop', async () => {
    const stopping = await startPlatform({ sharing: platform });
    const client = await EventClient.open(stopping.url);
    await stopping.close();
    await client.ended;
  });

  it('begin now for a client whose last id is from another database', async () => {
    const client = await EventClient.open(platform.url, {
      lastEventId: '999999999-1',
      query: `?experiment=${EXPERIMENT}`,
    });
    await emit(3);
    await client.until(1);
    expect(stages(client)).toEqual([3]);
    await client.close();
  });

  it.each(['x', '1', '1-x', '-1-2'])('refuse the last id %s', async (id) => {
    const answer = await platform.call('GET', '/api/events', undefined, { 'last-event-id': id });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
  });

  it('are written once when their transaction has to be done again after a deadlock', async () => {
    await platform.sql(`insert into worker (name, machine, running) values ('a', '{}', 0), ('b', '{}', 0)`);
    const client = await EventClient.open(platform.url, { query: `?experiment=${EXPERIMENT}` });
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let tries = 0;
    const crossing = (
      one: string,
      mine: PromiseWithResolvers<void>,
      other: string,
      others: PromiseWithResolvers<void>,
    ) =>
      log.write(async (tx, send) => {
        tries++;
        send({ type: 'experiment.changed', experimentId: EXPERIMENT, state: 'running', stage: 1 });
        await tx.$queryRaw`select from worker where name = ${one} for update`;
        mine.resolve();
        await others.promise;
        await tx.$queryRaw`select from worker where name = ${other} for update`;
      });
    await Promise.all([crossing('a', first, 'b', second), crossing('b', second, 'a', first)]);
    await client.until(2);
    await emit(9);
    await client.until(3);
    expect(stages(client)).toEqual([1, 1, 9]);
    expect(tries).toBe(3);
    await client.close();
  });

  it('are forgotten after some days', async () => {
    await emit(1);
    await platform.sql(`update event set at = now() - interval '4 days'`);
    await emit(2);
    await log.prune(3);
    expect(await platform.sql('select 1 from event')).toHaveLength(1);
  });
});

const EXPERIMENT = '01890000-0000-7000-8000-00000000000e';
