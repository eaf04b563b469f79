import { readSettings, type Settings } from '@claimbench/contracts';
import { pino } from 'pino';
import { type RunningWorker, startWorker } from './worker.ts';

/** Ends the process with one sentence. */
function refuse(error: unknown): never {
  console.error(`claimbench worker: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

function settingsOrRefuse(): Settings {
  try {
    return readSettings(process.env);
  } catch (error) {
    return refuse(error);
  }
}

const settings = settingsOrRefuse();
const logger = pino({ name: 'worker', level: settings.CLAIMBENCH_LOG_LEVEL });

// Whatever ends this process, its children end with it: each watches it.
process.on('uncaughtException', (error) => {
  logger.fatal({ err: error }, 'the worker broke');
  process.exit(1);
});

let worker: RunningWorker;
try {
  worker = await startWorker({ settings, logger });
} catch (error) {
  refuse(error);
}

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
