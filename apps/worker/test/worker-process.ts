// A worker in a process of its own, as `src/main.ts`, with an executor of the tests: the one that the tests kill.
import { readSettings } from '@claimbench/contracts';
import { pino } from 'pino';
import { startWorker } from '../src/worker.ts';

const settings = readSettings(process.env);
const worker = await startWorker({
  settings,
  logger: pino({ level: settings.CLAIMBENCH_LOG_LEVEL }),
  executor: process.env.CLAIMBENCH_TEST_EXECUTOR ?? new URL('./executor.ts', import.meta.url).href,
});
process.on('SIGTERM', () => worker.stop().then(() => process.exit(0)));
