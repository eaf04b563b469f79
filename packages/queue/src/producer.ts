import { AppError } from '@claimbench/contracts';
import { attemptOf, jobId, type RunAttempt } from './run-attempt.ts';
import { connectQueue, type JobQueue, type QueueBackendName, type QueueSettings, queueBackend } from './server.ts';

/** Longest time of one call, in milliseconds; then the caller gets `queue-unavailable`. */
const CALL_MS = 3000;
/** Jobs added by one statement. */
const BATCH = 500;
/**
 * On PostgreSQL, BullMQ's statement for many jobs makes temporary tables, which takes 20 ms where a single job takes 4. So few
 * jobs are added one by one, and of many the first goes ahead: a worker has it while the others are stored.
 */
const FEW = 4;

/** Adds runs to the queue and asks what it knows. Every call throws AppError `queue-unavailable` instead of hanging. */
export interface RunQueue {
  readonly backend: QueueBackendName;
  /** Resolves when the job is stored. An attempt that is known already stays the one job that it is. */
  add(runId: string, attempt: number): Promise<void>;
  addMany(attempts: readonly RunAttempt[]): Promise<void>;
  /** Waiting to be delivered, or being handled. */
  has(runId: string, attempt: number): Promise<boolean>;
  /** Those of `attempts` that nobody will deliver any more, in their order. */
  missing(attempts: readonly RunAttempt[]): Promise<RunAttempt[]>;
  size(): Promise<{ waiting: number; active: number }>;
  /** Resolves when the server answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the producer's side. A server that is down makes calls fail, not this; it is connected to again by itself. */
export function openRunQueue(settings: QueueSettings): RunQueue {
  return new BullRunQueue(settings);
}

class BullRunQueue implements RunQueue {
  readonly backend: QueueBackendName;
  readonly #settings: QueueSettings;
  #connection: { queue: JobQueue; broken: Promise<never> } | null = null;
  #closed = false;

  constructor(settings: QueueSettings) {
    this.backend = queueBackend(settings);
    this.#settings = settings;
  }

  async add(runId: string, attempt: number): Promise<void> {
    await this.addMany([{ runId, attempt }]);
  }

  async addMany(attempts: readonly RunAttempt[]): Promise<void> {
    const jobs = attempts.map((attempt) => ({
      name: 'run',
      data: { runId: attempt.runId },
      // The job is forgotten when it was handled, whatever came of it: Postgres owns what happened to the run.
      opts: { jobId: jobId(attempt), removeOnComplete: true, removeOnFail: true },
    }));
    const ahead = jobs.length <= FEW ? jobs.length : 1;
    for (const { name, data, opts } of jobs.slice(0, ahead)) await this.#call((queue) => queue.add(name, data, opts));
    for (let start = ahead; start < jobs.length; start += BATCH)
      await this.#call((queue) => queue.addBulk(jobs.slice(start, start + BATCH)));
  }

  async has(runId: string, attempt: number): Promise<boolean> {
    const id = jobId({ runId, attempt });
    return (await this.#call((queue) => queue.getJobState(id))) !== 'unknown';
  }

  async missing(attempts: readonly RunAttempt[]): Promise<RunAttempt[]> {
    if (attempts.length === 0) return [];
    const ids = await this.#call((queue) => queue.getRanges(['waiting', 'active'], 0, -1));
    const known = new Set(ids.map((id) => jobId(attemptOf(id))));
    return attempts.filter((attempt) => !known.has(jobId(attempt)));
  }

  async size(): Promise<{ waiting: number; active: number }> {
    const { waiting, active } = await this.#call((queue) => queue.getJobCounts('waiting', 'active'));
    return { waiting: waiting ?? 0, active: active ?? 0 };
  }

  async ping(): Promise<void> {
    // The cheapest question: one look into an index for a job that is not there.
    await this.#call((queue) => queue.getJobState('ping'));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#disconnect();
  }

  async #call<T>(call: (queue: JobQueue) => Promise<T>): Promise<T> {
    if (this.#closed) throw new AppError('queue-unavailable', 'The queue was closed.');
    const deadline = performance.now() + CALL_MS;
    try {
      return await this.#attempt(call, deadline);
    } catch {
      // Once more on a fresh connection: the server was restarted since the last call, or BullMQ gave up connecting. Every
      // call may be repeated: adding is idempotent and the others only read.
      await this.#disconnect();
    }
    try {
      return await this.#attempt(call, deadline);
    } catch (cause) {
      await this.#disconnect();
      throw new AppError(
        'queue-unavailable',
        `The queue (${this.backend}) does not answer: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
  }

  async #attempt<T>(call: (queue: JobQueue) => Promise<T>, deadline: number): Promise<T> {
    this.#connection ??= connect(this.#settings);
    const { queue, broken } = this.#connection;
    const pending = call(queue);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`no answer within ${CALL_MS} ms`)),
        Math.max(0, deadline - performance.now()),
      );
    });
    try {
      return await Promise.race([pending, broken, late]);
    } finally {
      clearTimeout(timer);
      // The race may be over before the call is; its failure then has no one else to hear it.
      pending.catch(() => {});
    }
  }

  /** Lets go of the connection without waiting for a server that may never answer. */
  async #disconnect(): Promise<void> {
    const queue = this.#connection?.queue;
    this.#connection = null;
    if (queue === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, 500);
    });
    const closed = queue.close().catch(() => {
      // A connection that never came up cannot be closed politely; there is nothing left to release.
    });
    await Promise.race([closed, patience]);
    clearTimeout(timer);
  }
}

/** `broken` rejects as soon as the connection fails, so that no call waits for a server that refuses. */
function connect(settings: QueueSettings): { queue: JobQueue; broken: Promise<never> } {
  const queue = connectQueue(settings);
  const broken = new Promise<never>((_resolve, reject) => queue.on('error', reject));
  broken.catch(() => {
    // Heard by the calls that race against it, if there are any.
  });
  return { queue, broken };
}
