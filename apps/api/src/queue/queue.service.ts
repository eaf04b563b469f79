import type { Settings } from '@claimbench/contracts';
import { openRunQueue, queueBackend, type RunAttempt, type RunQueue } from '@claimbench/queue';
import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { SETTINGS } from '../settings/settings.module.ts';

/** The producing side of the run queue. What it loses costs time, never data: the reconciler delivers again from Postgres. */
@Injectable()
export class QueueService implements OnModuleDestroy {
  readonly #log = new Logger('queue');
  #queue: RunQueue | null = null;

  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  get backend(): 'postgres' | 'redis' {
    return queueBackend(this.settings);
  }

  /** Delivers the attempts in order. A queue that is down is logged: the reconciler finds what it does not know. */
  async deliver(attempts: readonly RunAttempt[]): Promise<void> {
    if (attempts.length === 0) return;
    try {
      await this.#open().addMany(attempts);
    } catch (error) {
      this.#log.warn(
        `${attempts.length} runs wait for the queue: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** Those that the queue does not know. Throws `queue-unavailable`. */
  missing(attempts: readonly RunAttempt[]): Promise<RunAttempt[]> {
    return this.#open().missing(attempts);
  }

  /** Throws `queue-unavailable` unless the queue answers. */
  ping(): Promise<void> {
    return this.#open().ping();
  }

  async onModuleDestroy(): Promise<void> {
    await this.#queue?.close();
  }

  /** Opened at the first use, so that an application made only for its OpenAPI document connects to nothing. */
  #open(): RunQueue {
    this.#queue ??= openRunQueue(this.settings);
    return this.#queue;
  }
}
