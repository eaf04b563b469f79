import { setTimeout as delay } from 'node:timers/promises';
import type { RunJob } from '@claimbench/contracts';
import { type Job, WaitingError } from 'bullmq';
import { attemptOf, type RunAttempt } from './run-attempt.ts';
import { connectWorker, type JobWorker, type QueueSettings } from './server.ts';

export interface ConsumeOptions {
  /** Attempts handled at once. */
  concurrency: number;
  /**
   * Called at least once for each attempt that was added. The attempt counts as being handled until the promise settles.
   * 'done' forgets it; 'put-back' leaves it for another consumer. A handler that throws is reported to `onError` and counts
   * as 'done': what to do next is for the reconciler to say, which sees a queued run that the queue does not know.
   */
  handle(attempt: RunAttempt): Promise<'done' | 'put-back'>;
  /** Trouble with the server or a handler. The consumer goes on by itself. */
  onError(error: Error): void;
  /** After a consumer that died, its attempts are delivered again within about twice this time. */
  lockSeconds?: number;
}

export interface RunConsumer {
  /** Resolves when attempts can be delivered. */
  ready(): Promise<void>;
  /** Takes nothing new; what is being handled goes on. */
  pause(): Promise<void>;
  /** Takes nothing new and resolves when every handler has ended. */
  close(): Promise<void>;
}

const RECONNECT_MS = 500;

/** Handles runs as they come. A server that is down, or goes away, is waited for. */
export function consumeRuns(settings: QueueSettings, options: ConsumeOptions): RunConsumer {
  return new BullRunConsumer(settings, options);
}

class BullRunConsumer implements RunConsumer {
  readonly #settings: QueueSettings;
  readonly #options: ConsumeOptions;
  readonly #ready: Promise<void>;
  readonly #stopped = new AbortController();
  #worker: JobWorker | null = null;

  constructor(settings: QueueSettings, options: ConsumeOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#ready = this.#connect();
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  async pause(): Promise<void> {
    this.#stopped.abort();
    await this.#worker?.pause(true);
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#worker?.close();
  }

  /** BullMQ gives up for good when the server is down at the first connection: so a new worker is made until one stands. */
  async #connect(): Promise<void> {
    const lockDuration = 1000 * (this.#options.lockSeconds ?? 15);
    while (!this.#stopped.signal.aborted) {
      const worker = connectWorker(this.#settings, (job, token) => this.#handle(job, token), {
        concurrency: this.#options.concurrency,
        lockDuration,
        stalledInterval: lockDuration / 2,
        // How often a run may be delivered again is for its claim to say, not for the queue.
        maxStalledCount: 1_000_000,
        // Jobs are announced (LISTEN/NOTIFY, blocking pop); this is how often to look without an announcement, in seconds.
        drainDelay: 5,
        // Wait before an operation is tried again on a server that was away, in milliseconds.
        runRetryDelay: RECONNECT_MS,
      });
      worker.on('error', this.#options.onError);
      this.#worker = worker;
      try {
        await worker.waitUntilReady();
        return;
      } catch (error) {
        this.#options.onError(asError(error));
        await worker.close().catch(() => {
          // It never connected: nothing is held.
        });
        await delay(RECONNECT_MS, undefined, { signal: this.#stopped.signal }).catch(() => {
          // Stopped while waiting; the loop's condition sees it.
        });
      }
    }
  }

  async #handle(job: Job<RunJob, void, string>, token: string | undefined): Promise<void> {
    // BullMQ may still take one job that is announced after the pause.
    const end = this.#stopped.signal.aborted ? 'put-back' : await this.#guarded(attemptOf(job.id ?? ''));
    if (end === 'done') return;
    await job.moveToWait(token);
    throw new WaitingError();
  }

  async #guarded(attempt: RunAttempt): Promise<'done' | 'put-back'> {
    try {
      return await this.#options.handle(attempt);
    } catch (error) {
      this.#options.onError(asError(error));
      return 'done';
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
