// Time from submitting an experiment over HTTP to the first heartbeat of its first run, as the API's clock says: the whole way
// through the real API, PostgreSQL, the queue on both servers, and a worker. One experiment at a time.
// `pnpm --filter @claimbench/api build && pnpm --filter @claimbench/worker bench:submit [samples]`
import { setTimeout as delay } from 'node:timers/promises';
import type { ExperimentView, RunSummary, RunView } from '@claimbench/contracts';
import { redisServer } from '@claimbench/queue/testing';
import { startRealApi } from '../test/real-api.ts';

const samples = Number(process.argv[2] ?? 50);

for (const backend of ['postgres', 'redis'] as const) {
  const redis = backend === 'redis' ? await redisServer() : null;
  const api = await startRealApi(redis === null ? {} : { REDIS_URL: redis.settings.REDIS_URL ?? '' });
  const executor = new URL('../test/any-run-executor.ts', import.meta.url).href;
  await api.startWorker({ CLAIMBENCH_TEST_EXECUTOR: executor });
  const times: number[] = [];
  for (let index = -5; index < samples; index += 1) {
    const submitted = Date.now();
    const { id } = await api.call<ExperimentView>('/api/experiments', {
      kind: 'comparison',
      title: `sample ${index}`,
      subject: { kind: 'recipe', name: 'tiny-gpt2' },
      data: 'node-docs',
      techniques: [{ id: 'none' }],
      withBaseline: false,
      seeds: 1,
      reuse: false,
    });
    for (;;) {
      const { state } = await api.call<ExperimentView>(`/api/experiments/${id}`);
      if (state === 'succeeded') break;
      if (state !== 'running') throw new Error(`the experiment is ${state}`);
      await delay(50);
    }
    const { items } = await api.call<{ items: RunSummary[] }>(`/api/experiments/${id}/runs`);
    const runs = await Promise.all(items.map((run) => api.call<RunView>(`/api/runs/${run.id}`)));
    const first = Math.min(...runs.map((run) => Date.parse(run.startedAt ?? '')));
    // The first ones warm up connections, statements and code.
    if (index >= 0) times.push(first - submitted);
    await delay(300);
  }
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))];
  console.log(
    `${backend.padEnd(8)} submit -> first heartbeat  p50 ${at(0.5)} ms  p95 ${at(0.95)} ms  (n = ${samples})`,
  );
  await api.close();
  await redis?.remove();
}
