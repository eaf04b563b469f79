import type { Settings } from '@claimbench/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { EventLog } from '../event/event.log.ts';
import { Prisma } from '../prisma/generated/client.ts';
import { PrismaService } from '../prisma/prisma.service.ts';
import { QueueService } from '../queue/queue.service.ts';
import { SETTINGS } from '../settings/settings.module.ts';
import { CHECKPOINT, RunEnding } from './run.ending.ts';
import { addLog, forgetPoints } from './run.points.ts';
import { transition } from './run.transition.ts';

/** A run that lost its worker this many times fails as `worker-lost`: it may be the run that kills its workers. */
export const MOST_LOSSES = 3;

interface ExpiredLease {
  id: string;
  attempt: number;
  worker: string;
  /** Workers that the run lost before this one. */
  losses: number;
}

/** What the platform does about runs without being asked: the steps of the reconciler, each harmless when it is repeated. */
@Injectable()
export class RunUpkeep {
  constructor(
    private readonly prisma: PrismaService,
    private readonly events: EventLog,
    private readonly queue: QueueService,
    private readonly ending: RunEnding,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Takes runs back from workers whose leases have run out. */
  async requeueExpired(): Promise<void> {
    const expired = await this.prisma.$queryRaw<ExpiredLease[]>`
      select run.id, run.attempt, attempt.worker,
             (select count(*)::int from attempt lost
               where lost.run_id = run.id and lost.failure ->> 'code' = 'worker-lost') as losses
        from run join attempt on attempt.run_id = run.id and attempt.number = run.attempt
       where run.state in ('claimed', 'running') and run.lease_until < now()
       order by run.id`;
    for (const lease of expired) await this.#takeBack(lease);
  }

  async #takeBack({ id, attempt, worker, losses }: ExpiredLease): Promise<void> {
    const last = losses + 1 >= MOST_LOSSES;
    const silent = `Worker ${worker} was not heard of for ${this.settings.CLAIMBENCH_LEASE_SECONDS} s`;
    const message = last ? `${silent}; the run has lost ${MOST_LOSSES} workers and is not tried again.` : `${silent}.`;
    const { requeued, ended } = await this.events.write(async (tx, emit) => {
      const moved = await transition(tx, emit, last ? 'fail' : 'requeue', {
        runIds: [id],
        token: attempt,
        condition: Prisma.sql`and lease_until < now()`,
        failure: { code: 'worker-lost', message },
      });
      if (moved.length === 0) return { requeued: false, ended: [] };
      const outlook = last ? '' : ` Attempt ${attempt} is lost and the run is queued again.`;
      await addLog(tx, id, [{ at: new Date().toISOString(), level: 'warn', message: `${message}${outlook}` }]);
      if (last) return { requeued: false, ended: [id, ...(await this.ending.failDependents(tx, emit, [id]))] };
      await forgetPoints(tx, id);
      return { requeued: true, ended: [] };
    });
    if (requeued) await this.queue.deliver([{ runId: id, attempt: attempt + 1 }]);
    this.ending.follow(ended);
  }

  /** Gives every worker a whole lease from now: it was the platform that could not be reached, not they. */
  async extendLeases(): Promise<void> {
    await this.prisma.$executeRaw`
      update run set lease_until = now() + make_interval(secs => ${this.settings.CLAIMBENCH_LEASE_SECONDS}::float8)
       where state in ('claimed', 'running')`;
  }

  /** Fails queued runs whose base has ended without a checkpoint. */
  async failOrphans(): Promise<void> {
    const bases = await this.prisma.$queryRaw<{ id: string }[]>`
      select distinct base.id
        from run join run base on base.id = run.base_id
       where run.state = 'queued' and base.finished_at is not null
         and not (base.state = 'succeeded'
                  and exists (select from run_artifact a where a.run_id = base.id and a.name = ${CHECKPOINT}))`;
    if (bases.length === 0) return;
    const ids = bases.map((base) => base.id);
    this.ending.follow(await this.events.write((tx, emit) => this.ending.failDependents(tx, emit, ids)));
  }

  /** Runs that ended and whose points are still rows. */
  async compactEnded(): Promise<void> {
    const runs = await this.prisma.run.findMany({
      where: { compacted: false, finishedAt: { not: null } },
      select: { id: true },
      take: 500,
    });
    await this.ending.compact(runs.map((run) => run.id));
  }
}
