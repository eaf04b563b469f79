// Time from the call of add() to the handler's first line, one run at a time on an idle queue, on both servers.
// `pnpm --filter @claimbench/queue bench [samples]`
import { setTimeout as delay } from 'node:timers/promises';
import { consumeRuns, openRunQueue } from '../src/index.ts';
import { postgresServer, redisServer } from '../src/testing/index.ts';

const samples = Number(process.argv[2] ?? 200);

for (const [name, startServer] of [
  ['postgres', postgresServer],
  ['redis', redisServer],
] as const) {
  const server = await startServer();
  const queue = openRunQueue(server.settings);
  let handled: (at: number) => void = () => {};
  const consumer = consumeRuns(server.settings, {
    concurrency: 2,
    onError: (error) => console.error(error.message),
    handle: async () => {
      handled(performance.now());
      return 'done';
    },
  });
  await consumer.ready();
  const stored: number[] = [];
  const delivered: number[] = [];
  for (let index = -10; index < samples; index += 1) {
    const at = new Promise<number>((resolve) => {
      handled = resolve;
    });
    const start = performance.now();
    await queue.add(`sample${index}`, 1);
    const added = performance.now() - start;
    const total = (await at) - start;
    // The first ones warm up connections and code.
    if (index >= 0) {
      stored.push(added);
      delivered.push(total);
    }
    await delay(10);
  }
  console.log(`${name.padEnd(8)} add -> stored   ${spread(stored)}`);
  console.log(`${name.padEnd(8)} add -> handled  ${spread(delivered)}   (n = ${samples})`);
  await consumer.close();
  await queue.close();
  await server.remove();
}

function spread(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(1);
  return `p50 ${at(0.5)} ms  p95 ${at(0.95)} ms`;
}
