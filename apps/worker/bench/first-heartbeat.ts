// Time from adding a run to the queue to the API's hearing that it runs (`start`, its first heartbeat), one run at a time on an
// idle worker, on both queue servers. The API answers at once here, so this is the queue's and the worker's share.
// `pnpm --filter @claimbench/worker bench [samples]`
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readSettings } from '@claimbench/contracts';
import { openRunQueue } from '@claimbench/queue';
import { postgresServer, redisServer } from '@claimbench/queue/testing';
import { pino } from 'pino';
import { startWorker } from '../src/worker.ts';
import { TestApi, TOKEN } from '../test/api-server.ts';
import { EXECUTOR, specOf, until } from '../test/world.ts';

const samples = Number(process.argv[2] ?? 100);
const executor = process.argv[3] ?? EXECUTOR;

for (const [name, startServer] of [
  ['postgres', postgresServer],
  ['redis', redisServer],
] as const) {
  const server = await startServer();
  const home = await mkdtemp(join(tmpdir(), 'claimbench-bench-'));
  const api = new TestApi({ leaseSeconds: 15 });
  await api.start();
  const queue = openRunQueue(server.settings);
  const worker = await startWorker({
    settings: readSettings({
      ...server.settings,
      CLAIMBENCH_HOME: home,
      CLAIMBENCH_API_URL: api.url,
      CLAIMBENCH_WORKER_TOKEN: TOKEN,
    }),
    logger: pino({ level: 'error' }),
    executor,
  });
  const claimed: number[] = [];
  const started: number[] = [];
  for (let index = -5; index < samples; index += 1) {
    const id = `sample${index}`;
    const run = api.addRun(id, specOf('points', { count: 1 }));
    const begin = performance.now();
    await queue.add(id, 1);
    await until(() => run.result !== null);
    const at = (action: string) => (api.calls.find((call) => call.path.endsWith(`/${id}/${action}`))?.at ?? 0) - begin;
    if (index >= 0) {
      claimed.push(at('claim'));
      started.push(at('start'));
    }
    // The replacement of the child is up before the next one.
    await delay(500);
  }
  console.log(`${name.padEnd(8)} add -> claim            ${spread(claimed)}`);
  console.log(`${name.padEnd(8)} add -> first heartbeat  ${spread(started)}   (n = ${samples})`);
  await worker.stop();
  await queue.close();
  await api.stop();
  await server.remove();
  await rm(home, { recursive: true, force: true });
}

function spread(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(1);
  return `p50 ${at(0.5)} ms  p95 ${at(0.95)} ms`;
}
