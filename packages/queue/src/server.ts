import { AppError, RUN_QUEUE, type RunJob, type Settings } from '@claimbench/contracts';
import {
  createPostgresBackend,
  type PostgresConnectionOptions,
  type Processor,
  Queue,
  type RedisOptions,
  Worker,
  type WorkerOptions,
} from 'bullmq';

/** The settings that decide where the queue lives. */
export type QueueSettings = Pick<Settings, 'DATABASE_URL' | 'REDIS_URL'>;
export type QueueBackendName = 'postgres' | 'redis';

/** The part of BullMQ's queue that the producer uses; the same on both servers. */
export type JobQueue = Pick<
  Queue<RunJob, void, string>,
  'add' | 'addBulk' | 'getJobState' | 'getRanges' | 'getJobCounts' | 'close'
> & { on(event: 'error', listener: (error: Error) => void): unknown };

/** The part of BullMQ's worker that the consumer uses; the same on both servers. */
export type JobWorker = Pick<Worker<RunJob, void, string>, 'waitUntilReady' | 'pause' | 'close'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
};

/** Longest wait for a connection, in milliseconds. */
const CONNECT_MS = 2500;
/** Events that nobody reads are kept this short. */
const EVENTS = { events: { maxLen: 1000 } };

export function queueBackend(settings: QueueSettings): QueueBackendName {
  if (settings.REDIS_URL) return 'redis';
  if (settings.DATABASE_URL) return 'postgres';
  throw new AppError(
    'queue-unavailable',
    'The queue needs REDIS_URL or DATABASE_URL, and neither is set. `npm start` sets DATABASE_URL.',
  );
}

/**
 * BullMQ's tables live in a schema of their own, made on the first connection under a lock.
 *
 * `durable: false` gives up waiting for the disk at each commit (PostgreSQL's synchronous_commit). What a crash of the server
 * can then undo is the taking or finishing of a job: it is delivered once more, which the run's claim makes harmless. Adding
 * a job always waits.
 */
function postgres(settings: QueueSettings, connections: number, durable: boolean): PostgresConnectionOptions {
  return {
    connectionString: settings.DATABASE_URL,
    schema: 'bullmq',
    migrate: true,
    max: connections,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    application_name: 'claimbench-queue',
    ...(durable ? {} : { options: '-c synchronous_commit=off' }),
  };
}

function redis(settings: QueueSettings, maxRetriesPerRequest: number | null): RedisOptions & { url: string } {
  return {
    url: settings.REDIS_URL ?? '',
    maxRetriesPerRequest,
    connectTimeout: CONNECT_MS,
    keepAlive: 10_000,
    retryStrategy: (times: number) => Math.min(50 * times, 1000),
  };
}

export function connectQueue(settings: QueueSettings): JobQueue {
  if (queueBackend(settings) === 'redis')
    return new Queue(RUN_QUEUE, { connection: redis(settings, 1), streams: EVENTS });
  return new Queue(RUN_QUEUE, { connection: postgres(settings, 2, true), streams: EVENTS }, createPostgresBackend);
}

export function connectWorker(
  settings: QueueSettings,
  process: Processor<RunJob, void, string>,
  options: Omit<WorkerOptions, 'connection'>,
): JobWorker {
  if (queueBackend(settings) === 'redis')
    return new Worker(RUN_QUEUE, process, { ...options, connection: redis(settings, null) });
  return new Worker(
    RUN_QUEUE,
    process,
    { ...options, connection: postgres(settings, 2, false) },
    createPostgresBackend,
  );
}
