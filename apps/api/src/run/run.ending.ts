import type { RunState } from '@claimbench/contracts';
import type { RunAttempt } from '@claimbench/queue';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import type { Emit, Transaction } from '../event/event.log.ts';
import { Prisma } from '../prisma/generated/client.ts';
import { PrismaService } from '../prisma/prisma.service.ts';
import { QueueService } from '../queue/queue.service.ts';
import { compactPoints } from './run.points.ts';
import { transition } from './run.transition.ts';

/** The artifact that a base leaves for its dependents. */
export const CHECKPOINT = 'checkpoint';

const COMPACTED_AT_ONCE = 50;

/** The run needs no base, or its base has succeeded and left a checkpoint. */
export const BASE_READY = Prisma.sql`and (base_id is null or exists (
  select from run base join run_artifact a on a.run_id = base.id and a.name = ${CHECKPOINT}
   where base.id = run.base_id and base.state = 'succeeded'))`;

/**
 * What follows from the end of a run: for those that wait for it, for its points, for its experiments. It happens after the
 * commit of the end and again in the reconciler, so that a crash in between loses nothing.
 */
@Injectable()
export class RunEnding implements OnModuleDestroy {
  readonly #log = new Logger('run');
  readonly #endListeners: ((runIds: readonly string[]) => Promise<void>)[] = [];
  readonly #underWay = new Set<Promise<void>>();

  constructor(
    private readonly prisma: PrismaService,
    private readonly queue: QueueService,
  ) {}

  /** Calls `listener` after runs have ended. */
  onEnded(listener: (runIds: readonly string[]) => Promise<void>): void {
    this.#endListeners.push(listener);
  }

  /** Queued runs that a worker could begin, in the order of their making, with the number of their next attempt. */
  async ready(among?: { dependentsOf: readonly string[] }): Promise<RunAttempt[]> {
    const filter = among ? Prisma.sql`and base_id = any(${[...among.dependentsOf]}::uuid[])` : Prisma.empty;
    return this.prisma.$queryRaw<RunAttempt[]>`
      select id as "runId", attempt + 1 as attempt from run where state = 'queued' ${filter} ${BASE_READY} order by id`;
  }

  /** What follows from the end of runs, after its commit: their dependents are delivered, points compacted, experiments told. */
  follow(ended: readonly string[]): void {
    if (ended.length === 0) return;
    const steps = async () => {
      await this.queue.deliver(await this.ready({ dependentsOf: ended }));
      for (const listener of this.#endListeners) await listener(ended);
      await this.compact(ended);
    };
    // The caller's answer does not wait for it, and what fails here the reconciler does again.
    const done = steps()
      .catch((error) => this.#log.warn({ err: error }, 'what follows from the end of a run is left to the reconciler'))
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  /** Moves the points of ended runs into chunks, some runs at a time. */
  async compact(ended: readonly string[]): Promise<void> {
    for (let first = 0; first < ended.length; first += COMPACTED_AT_ONCE) {
      const some = ended.slice(first, first + COMPACTED_AT_ONCE);
      await this.prisma.$transaction((tx) => compactPoints(tx, some));
    }
  }

  /** Resolves when nothing is under way after ends of runs. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async onModuleDestroy(): Promise<void> {
    await this.idle();
  }

  /** Fails, directly and indirectly, what waits for a checkpoint that will not come. Returns the ids. */
  async failDependents(tx: Transaction, emit: Emit, endedIds: readonly string[]): Promise<string[]> {
    const failed: string[] = [];
    for (let bases = [...endedIds]; bases.length > 0; ) {
      const waiting = await tx.$queryRaw<{ id: string; base_id: string; base_state: RunState }[]>`
        select run.id, base.id as base_id, base.state as base_state
          from run join run base on base.id = run.base_id
         where base.id = any(${bases}::uuid[]) and run.state = 'queued'
           and not (base.state = 'succeeded'
                    and exists (select from run_artifact a where a.run_id = base.id and a.name = ${CHECKPOINT}))
         order by run.id
           for update of run`;
      bases = [];
      for (const [baseId, group] of Map.groupBy(waiting, (run) => run.base_id)) {
        const state = group[0]?.base_state ?? 'failed';
        const how = state === 'succeeded' ? 'left no checkpoint' : `ended as ${state}`;
        const moved = await transition(tx, emit, 'fail', {
          runIds: group.map((run) => run.id),
          token: null,
          condition: Prisma.sql`and state = 'queued'`,
          failure: { code: 'base-failed', message: `The base run ${baseId} ${how}.` },
        });
        bases.push(...moved.map((run) => run.id));
      }
      failed.push(...bases);
    }
    return failed;
  }
}
