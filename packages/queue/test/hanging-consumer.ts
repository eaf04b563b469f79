// A consumer in a process of its own that takes what comes and never ends handling it: the one that the test kills.
import { consumeRuns } from '../src/index.ts';

const settings = JSON.parse(process.argv[2] ?? '{}');
const consumer = consumeRuns(settings, {
  concurrency: 2,
  lockSeconds: 1,
  handle: (attempt) => {
    process.stdout.write(`${JSON.stringify(attempt)}\n`);
    return new Promise(() => {});
  },
  onError: (error) => process.stderr.write(`${error.message}\n`),
});
await consumer.ready();
