// Where the time of a submission goes, segment by segment, in one process: plan, queue's answer, transaction, delivery; then what
// a worker's first two calls take. `pnpm --filter @claimbench/api build && node bench/submit.ts [samples]`
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSettings } from '@claimbench/contracts';
import { startPostgres } from '@claimbench/postgres';
import { consumeRuns } from '@claimbench/queue';
import { createApplication } from '../dist/application.js';
import { EventLog } from '../dist/event/event.log.js';
import { ExperimentAdvancer } from '../dist/experiment/experiment.advancer.js';
import { ExperimentPlanning } from '../dist/experiment/experiment.planning.js';
import { QueueService } from '../dist/queue/queue.service.js';

const samples = Number(process.argv[2] ?? 50);
const folder = mkdtempSync(join(tmpdir(), 'claimbench-bench-'));
const postgres = await startPostgres({ folder: join(folder, 'postgres') });
execFileSync('node_modules/.bin/prisma', ['migrate', 'deploy'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  env: { ...process.env, DATABASE_URL: postgres.url },
});
const token = 'a-token-for-the-benchmark';
const settings = readSettings({
  DATABASE_URL: postgres.url,
  REDIS_URL: process.env.REDIS_URL,
  CLAIMBENCH_HOME: join(folder, 'home'),
  CLAIMBENCH_WORKER_TOKEN: token,
  CLAIMBENCH_LOG_LEVEL: 'warn',
});
const app = await createApplication({ settings, reconcileEveryMs: null });
await app.listen({ port: 0, host: '127.0.0.1' });
const url = await app.getUrl();

const segments = new Map<string, number[]>();
function note(name: string, ms: number) {
  const of = segments.get(name) ?? [];
  of.push(ms);
  segments.set(name, of);
}
/** Times one method of one object. */
function time<T extends object>(of: T, method: keyof T & string, name: string) {
  const original = of[method] as (...words: unknown[]) => Promise<unknown>;
  Object.defineProperty(of, method, {
    value: async (...words: unknown[]) => {
      const from = performance.now();
      try {
        return await original.apply(of, words);
      } finally {
        note(name, performance.now() - from);
      }
    },
  });
}
time(app.get(ExperimentPlanning), 'comparison', 'plan');
time(app.get(QueueService), 'ping', 'queue answers');
time(app.get(QueueService), 'deliver', 'queue takes the run');
time(app.get(ExperimentAdvancer), 'deliver', 'delivery');
time(app.get(EventLog), 'write', 'transactions');

const call = async (path: string, body: unknown) => {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
};
let submitted = 0;
let begun = () => {};
const consumer = consumeRuns(settings, {
  concurrency: 2,
  onError: (error) => console.error(error),
  handle: async ({ runId }) => {
    note('submit -> delivered', performance.now() - submitted);
    const from = performance.now();
    const { token: fence } = await (await call(`/api/worker/runs/${runId}/claim`, { worker: 'w', machine: {} })).json();
    note('claim', performance.now() - from);
    const claimed = performance.now();
    await call(`/api/worker/runs/${runId}/start`, { token: fence });
    note('start', performance.now() - claimed);
    note('submit -> first heartbeat', performance.now() - submitted);
    await call(`/api/worker/runs/${runId}/finish`, { token: fence, result: { state: 'cancelled' } });
    begun();
    return 'done';
  },
});
await consumer.ready();
for (let index = -20; index < samples; index += 1) {
  if (index === 0) segments.clear();
  const done = new Promise<void>((resolve) => {
    begun = resolve;
  });
  submitted = performance.now();
  await call('/api/experiments', {
    kind: 'comparison',
    title: `sample ${index}`,
    subject: { kind: 'recipe', name: 'tiny-gpt2' },
    data: 'node-docs',
    techniques: [{ id: 'none' }],
    withBaseline: false,
    seeds: 1,
    reuse: false,
  });
  note('submit answered', performance.now() - submitted);
  await done;
  await new Promise((resolve) => setTimeout(resolve, 20));
}
for (const [name, times] of segments) {
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(share * (times.length - 1))]?.toFixed(1).padStart(7);
  console.log(`${name.padEnd(28)} p50 ${at(0.5)} ms   p95 ${at(0.95)} ms   n ${times.length}`);
}
await consumer.close();
await app.close();
await postgres.stop();
rmSync(folder, { recursive: true, force: true });
