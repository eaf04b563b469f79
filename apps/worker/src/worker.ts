import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, dataFolders, type Settings } from '@claimbench/contracts';
import { consumeRuns, type RunAttempt } from '@claimbench/queue';
import type { Logger } from 'pino';
import { untilAnswered } from './api/retry.ts';
import { WorkerApi } from './api/worker-api.ts';
import { ArtifactCache } from './artifact-cache/artifact-cache.ts';
import { ChildPool } from './child/child-pool.ts';
import { DEFAULT_EXECUTOR } from './child/executor.ts';
import { Attempt, type AttemptContext } from './claim/attempt.ts';
import { claimRun } from './claim/claim-run.ts';
import { MachineTurns } from './claim/machine-turns.ts';
import { computeShare } from './compute-share.ts';
import { describeMachine, workerName } from './machine.ts';
import { makeTrainingFolder } from './training-folder.ts';
import { makeWorkFolder } from './work-folder.ts';

const PRESENCE_MS = 5000;
/** What is still to be said when the worker is asked to stop has this long to be answered, in milliseconds. */
const LEAVE_MS = 5000;
const SAME_TROUBLE_MS = 10_000;

export interface WorkerOptions {
  settings: Settings;
  logger: Logger;
  /** Module that executes runs. */
  executor?: string;
}

export interface RunningWorker {
  name: string;
  /** Claims nothing more, gives back the runs that compute, and resolves when all children are gone. */
  stop(): Promise<void>;
}

/**
 * Starts a worker: children that wait, presence, and the queue's consumer. Throws when the executor cannot be loaded or the API
 * refuses the worker's token; waits for an API or a queue that is not up yet.
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { settings, logger } = options;
  if (settings.CLAIMBENCH_WORKER_TOKEN === undefined)
    throw new Error('CLAIMBENCH_WORKER_TOKEN is not set: give the worker the token that the API was started with.');
  const cores = availableParallelism();
  const share = computeShare(cores, settings.CLAIMBENCH_WORKER_CONCURRENCY);
  if (share.concurrency < (settings.CLAIMBENCH_WORKER_CONCURRENCY ?? 0))
    logger.warn({ cores }, `CLAIMBENCH_WORKER_CONCURRENCY is more than the cores: ${share.concurrency} runs at once`);

  const name = workerName();
  const machine = { ...describeMachine(), slots: share.concurrency, threadsPerRun: share.threads };
  const home = resolve(settings.CLAIMBENCH_HOME);
  const cacheFolder = join(home, 'cache');
  const api = new WorkerApi({ url: settings.CLAIMBENCH_API_URL, token: settings.CLAIMBENCH_WORKER_TOKEN });
  const stopping = new AbortController();
  const leaving = new AbortController();
  const work = await makeWorkFolder(join(home, 'work'));
  const trainingFolder = await makeTrainingFolder(join(cacheFolder, 'training'));
  const pool = new ChildPool({
    executor: options.executor ?? DEFAULT_EXECUTOR,
    size: share.concurrency,
    compileCache: join(cacheFolder, 'compiled'),
  });
  const context: AttemptContext = {
    api,
    pool,
    cache: new ArtifactCache(join(cacheFolder, 'artifacts'), (sha256, signal) => api.downloadArtifact(sha256, signal)),
    turns: new MachineTurns(),
    worker: name,
    threads: share.threads,
    dataPath: dataFolders(settings),
    cacheFolder,
    workFolder: work.path,
    trainingFolder,
    logger,
    stopping: stopping.signal,
    leaving: leaving.signal,
  };
  let running = 0;

  const handle = async (attempt: RunAttempt): Promise<'done' | 'put-back'> => {
    const claimed = await claimRun(attempt, { api, worker: name, machine, logger, stopping: stopping.signal });
    if (claimed === 'stopping') return 'put-back';
    if (claimed === 'not-claimable') return 'done';
    running += 1;
    try {
      await new Attempt(claimed, context).execute();
    } finally {
      running -= 1;
    }
    return 'done';
  };

  try {
    await pool.ready();
    await untilAnswered(() => api.hello({ worker: name, machine, running }), {
      signal: stopping.signal,
      onRetry: (error) => logger.warn({ reason: error.message }, 'the API is not up yet'),
    });
  } catch (error) {
    pool.stop();
    await work.remove();
    throw error;
  }
  const presence = keepPresence();
  const consumer = consumeRuns(settings, {
    concurrency: share.concurrency,
    handle,
    onError: queueTrouble(logger),
  });
  logger.info({ name, ...share, api: settings.CLAIMBENCH_API_URL }, 'worker is up');

  async function keepPresence(): Promise<void> {
    while (!stopping.signal.aborted) {
      await delay(PRESENCE_MS, undefined, { signal: stopping.signal }).catch(() => {
        // Stopping: said by the loop's condition.
      });
      if (stopping.signal.aborted) return;
      await api.hello({ worker: name, machine, running }).catch((error: unknown) => {
        const level = error instanceof AppError ? 'error' : 'warn';
        logger[level]({ reason: String(error) }, 'presence was not taken');
      });
    }
  }

  let stopped: Promise<void> | null = null;
  const stop = async () => {
    logger.info({ running }, 'stopping');
    const deadline = setTimeout(() => leaving.abort(new Error('the worker is leaving')), LEAVE_MS);
    await consumer.pause();
    stopping.abort(new Error('the worker is stopping'));
    await consumer.close();
    clearTimeout(deadline);
    pool.stop();
    await presence;
    await work.remove();
    logger.info('stopped');
  };
  return {
    name,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

/** A server that is away fails many times a second in the same way, which is worth one line now and then. */
function queueTrouble(logger: Logger): (error: Error) => void {
  let last = '';
  let saidAt = 0;
  return (error) => {
    const now = performance.now();
    if (error.message === last && now - saidAt < SAME_TROUBLE_MS) return;
    last = error.message;
    saidAt = now;
    logger.error({ err: error }, 'trouble with the queue');
  };
}
