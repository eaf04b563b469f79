import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EventLog } from '../event/event.log.ts';
import { ExperimentAdvancer } from '../experiment/experiment.advancer.ts';
import { QueueService } from '../queue/queue.service.ts';
import { RunEnding } from '../run/run.ending.ts';
import { RunUpkeep } from '../run/run.upkeep.ts';
import { SeedService } from '../seed/seed.service.ts';
import { WorkerRepository } from '../worker/worker.repository.ts';

/** Milliseconds between two rounds; null: rounds are made by whoever calls `round` (tests). */
export const RECONCILE_EVERY = Symbol('reconcile-every');

/** A page that was left open over a long weekend still resumes. */
const KEPT_DAYS = 4;
const PRUNE_EVERY_MS = 3_600_000;

/**
 * Brings what is and what should be together again, whatever crashed in between: every step compares with Postgres and is
 * harmless when it is repeated or made by two processes at once.
 */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #log = new Logger('reconciler');
  readonly #stop = new AbortController();
  #loop: Promise<void> | null = null;
  /** The database did not answer the last round, or there was none: workers could not be heard. */
  #deaf = true;
  #prunedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly upkeep: RunUpkeep,
    private readonly ending: RunEnding,
    private readonly advancer: ExperimentAdvancer,
    private readonly queue: QueueService,
    private readonly seeds: SeedService,
    private readonly events: EventLog,
    private readonly workers: WorkerRepository,
    @Inject(RECONCILE_EVERY) private readonly everyMs: number | null,
  ) {}

  onApplicationBootstrap(): void {
    if (this.everyMs !== null) this.#loop = this.#run(this.everyMs);
  }

  async onModuleDestroy(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(everyMs: number): Promise<void> {
    let quiet = false;
    while (!this.#stop.signal.aborted) {
      try {
        await this.round();
        if (quiet) this.#log.log('going on');
        quiet = false;
      } catch (error) {
        // Said once: the rounds go on until what is missing is back.
        if (!quiet) this.#log.warn({ err: error }, 'cannot reconcile; trying again');
        quiet = true;
      }
      await delay(everyMs, undefined, { signal: this.#stop.signal }).catch(() => {
        // Stopped while waiting; the loop's condition sees it.
      });
    }
  }

  /** One round. Throws when the database or the queue is away; what could be done without is done. */
  async round(): Promise<void> {
    try {
      if (this.#deaf) {
        await this.upkeep.extendLeases();
        await this.seeds.ensureChain();
      } else await this.upkeep.requeueExpired();
      this.#deaf = false;
    } catch (error) {
      this.#deaf = true;
      throw error;
    }
    await this.upkeep.failOrphans();
    await this.advancer.advanceAll();
    await this.upkeep.compactEnded();
    if (performance.now() - this.#prunedAt > PRUNE_EVERY_MS) {
      await this.events.prune(KEPT_DAYS);
      await this.workers.prune(KEPT_DAYS);
      this.#prunedAt = performance.now();
    }
    // Last, for the queue may be away when the database is not.
    const lost = await this.queue.missing(await this.ending.ready());
    if (lost.length > 0) {
      this.#log.log(`${lost.length} runs that the queue did not know are delivered`);
      await this.queue.deliver(lost);
    }
  }
}
