import { readSettings } from '@claimbench/contracts';
import { pino } from 'pino';
import { startWorker } from './worker.ts';

const settings = readSettings(process.env);
const logger = pino({ name: 'worker', level: settings.CLAIMBENCH_LOG_LEVEL });

// Whatever ends this process, its children end with it: each watches it.
process.on('uncaughtException', (error) => {
  logger.fatal({ err: error }, 'the worker broke');
  process.exit(1);
});

const worker = await startWorker({ settings, logger });

let asked = 0;
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    asked += 1;
    // Asked twice: somebody does not want to wait.
    if (asked > 1) process.exit(1);
    worker.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.fatal({ err: error }, 'the worker could not stop in order');
        process.exit(1);
      },
    );
  });
