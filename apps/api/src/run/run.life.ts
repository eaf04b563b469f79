import {
  AppError,
  ArtifactRef,
  type ClaimedRun,
  type ClaimRunRequest,
  type Failure,
  type FinishRun,
  type Heartbeat,
  type HeartbeatAnswer,
  isTerminal,
  type PointBatch,
  RunSpec,
  RunState,
  type RunTransition,
  type Settings,
} from '@claimbench/contracts';
import type { RunAttempt } from '@claimbench/queue';
import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { type Emit, EventLog, type Transaction } from '../event/event.log.ts';
import { Prisma } from '../prisma/generated/client.ts';
import { PrismaService } from '../prisma/prisma.service.ts';
import { QueueService } from '../queue/queue.service.ts';
import { RacePoints } from '../race/race-points.ts';
import { SETTINGS } from '../settings/settings.module.ts';
import { addLog, addPoints, compactPoints, forgetPoints } from './run.points.ts';
import { experimentsOf, transition } from './run.transition.ts';

/** A run that lost its worker this many times fails as `worker-lost`: it may be the run that kills its workers. */
export const MOST_LOSSES = 3;
/** The artifact that a base leaves for its dependents. */
export const CHECKPOINT = 'checkpoint';

const TRANSITION_OF = {
  succeeded: 'succeed',
  failed: 'fail',
  'timed-out': 'timeOut',
  cancelled: 'cancel',
} as const satisfies Record<FinishRun['result']['state'], RunTransition>;

const BASE_READY = Prisma.sql`and (base_id is null or exists (
  select from run base join run_artifact a on a.run_id = base.id and a.name = ${CHECKPOINT}
   where base.id = run.base_id and base.state = 'succeeded'))`;

interface ExpiredLease {
  id: string;
  attempt: number;
  worker: string;
  /** Workers that the run lost before this one. */
  losses: number;
}

/**
 * The life of a run. Every change is one transaction whose first statement is a compare-and-set that names the fencing token;
 * what follows from an end (dependents, compaction, the experiment) happens after the commit and again in the reconciler, so
 * that a crash in between loses nothing.
 */
@Injectable()
export class RunLife implements OnModuleDestroy {
  readonly #log = new Logger('run');
  readonly #endListeners: ((runIds: readonly string[]) => Promise<void>)[] = [];
  readonly #underWay = new Set<Promise<void>>();

  constructor(
    private readonly prisma: PrismaService,
    private readonly events: EventLog,
    private readonly queue: QueueService,
    private readonly races: RacePoints,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Calls `listener` after runs have ended. */
  onEnded(listener: (runIds: readonly string[]) => Promise<void>): void {
    this.#endListeners.push(listener);
  }

  /** Gives a queued run to one worker. Throws `run-not-claimable` for all others. */
  async claim(runId: string, { worker, machine }: ClaimRunRequest): Promise<ClaimedRun> {
    const leaseSeconds = this.settings.CLAIMBENCH_LEASE_SECONDS;
    return this.events.write(async (tx, emit) => {
      await this.races.at('claim.read', worker);
      const [claimed] = await transition(tx, emit, 'claim', {
        runIds: [runId],
        token: null,
        leaseSeconds,
        condition: BASE_READY,
      });
      if (!claimed) throw await this.#notClaimable(tx, runId);
      await tx.attempt.create({ data: { runId, number: claimed.attempt, worker, machine } });
      const run = await tx.run.findUniqueOrThrow({
        where: { id: runId },
        select: {
          spec: true,
          specHash: true,
          base: {
            select: {
              specHash: true,
              artifacts: { where: { name: CHECKPOINT }, select: { artifact: true, name: true } },
            },
          },
        },
      });
      const [checkpoint] = run.base?.artifacts ?? [];
      return {
        runId,
        token: claimed.attempt,
        spec: RunSpec.parse(run.spec),
        specHash: run.specHash,
        leaseSeconds,
        limits: { seconds: this.settings.CLAIMBENCH_RUN_SECONDS, memoryMiB: this.settings.CLAIMBENCH_RUN_MEMORY_MIB },
        base:
          run.base && checkpoint
            ? {
                specHash: run.base.specHash,
                checkpoint: ArtifactRef.parse({
                  name: checkpoint.name,
                  sha256: checkpoint.artifact.sha256,
                  bytes: Number(checkpoint.artifact.bytes),
                }),
              }
            : null,
      };
    });
  }

  /** The worker's child has begun. Repeated with the same token it changes nothing. */
  async start(runId: string, token: number): Promise<void> {
    await this.events.write(async (tx, emit) => {
      const leaseSeconds = this.settings.CLAIMBENCH_LEASE_SECONDS;
      const [started] = await transition(tx, emit, 'start', { runIds: [runId], token, leaseSeconds });
      if (!started) await this.#answerRepeated(tx, runId, token, 'running');
    });
  }

  /** Renews the lease. The answer tells whether the run was cancelled meanwhile. */
  async heartbeat(runId: string, { token, progress }: Heartbeat): Promise<HeartbeatAnswer> {
    const leaseSeconds = this.settings.CLAIMBENCH_LEASE_SECONDS;
    return this.events.write(async (tx, emit) => {
      const [before] = await tx.$queryRaw<{ progress: number | null; state: RunState }[]>`
        update run
           set lease_until = now() + make_interval(secs => ${leaseSeconds}::float8),
               progress = coalesce(${progress}::float8, run.progress)
          from run old
         where run.id = ${runId}::uuid and old.id = run.id
           and run.attempt = ${token}::int and run.state in ('claimed', 'running')
     returning old.progress, run.state`;
      if (!before) {
        const run = await this.#runOf(tx, runId);
        if (run.attempt === token && run.state === 'cancelled') return { leaseSeconds, cancel: true };
        throw leaseLost(runId, token, run);
      }
      if (progress !== null && progress !== before.progress) {
        const experimentIds = (await experimentsOf(tx, [runId])).get(runId) ?? [];
        emit({ type: 'run.changed', runId, experimentIds, state: before.state, progress, metrics: {}, failure: null });
      }
      return { leaseSeconds, cancel: false };
    });
  }

  /** Writes a batch once; a resent one answers `applied: false`. It shows life as well as a heartbeat does. */
  async addPoints(runId: string, { token, batch, points, log }: PointBatch): Promise<{ applied: boolean }> {
    const leaseSeconds = this.settings.CLAIMBENCH_LEASE_SECONDS;
    return this.events.write(async (tx, emit) => {
      const [fenced] = await tx.$queryRaw<{ progress: number | null }[]>`
        update run set lease_until = now() + make_interval(secs => ${leaseSeconds}::float8)
         where id = ${runId}::uuid and attempt = ${token}::int and state in ('claimed', 'running')
     returning progress`;
      if (!fenced) throw leaseLost(runId, token, await this.#runOf(tx, runId));
      await this.races.at('points.fenced', runId);
      const { count } = await tx.pointBatch.createMany({
        data: { runId, attempt: token, batch },
        skipDuplicates: true,
      });
      if (count === 0) return { applied: false };
      const series = await addPoints(tx, runId, points);
      await addLog(tx, runId, log);
      if (series.length > 0) {
        const experimentIds = (await experimentsOf(tx, [runId])).get(runId) ?? [];
        emit({ type: 'run.points', runId, experimentIds, series, progress: fenced.progress });
      }
      return { applied: true };
    });
  }

  /** Ends a run. Repeated with the same token and state it changes nothing. */
  async finish(runId: string, { token, result }: FinishRun): Promise<void> {
    const ended = await this.events.write(async (tx, emit) => {
      const moved = await transition(tx, emit, TRANSITION_OF[result.state], {
        runIds: [runId],
        token,
        outcome: result.state === 'succeeded' ? result.outcome : undefined,
        failure: failureOf(result),
      });
      if (moved.length === 0) {
        await this.#answerRepeated(tx, runId, token, result.state);
        return [];
      }
      if (result.state === 'succeeded') await keepArtifacts(tx, runId, result.artifacts);
      return [runId, ...(await this.#failDependents(tx, emit, [runId]))];
    });
    this.#followUp(ended);
  }

  /** Cancels those of the runs that have not ended; the workers hear of it at their next heartbeat. */
  async cancel(runIds: readonly string[], message: string): Promise<void> {
    this.#followUp(await this.events.write((tx, emit) => this.cancelWithin(tx, emit, runIds, message)));
  }

  /** The same inside a transaction of the caller, who calls `settle` with the answer after the commit. */
  async cancelWithin(tx: Transaction, emit: Emit, runIds: readonly string[], message: string): Promise<string[]> {
    const failure: Failure = { code: 'cancelled', message };
    const moved = await transition(tx, emit, 'cancel', { runIds, token: null, failure });
    const ids = moved.map((run) => run.id);
    return [...ids, ...(await this.#failDependents(tx, emit, ids))];
  }

  /** Takes a run back from a worker that gives it up because it stops. Counts as no loss. */
  async release(runId: string, token: number): Promise<void> {
    await this.events.write(async (tx, emit) => {
      const moved = await transition(tx, emit, 'requeue', { runIds: [runId], token });
      if (moved.length === 0) throw leaseLost(runId, token, await this.#runOf(tx, runId));
      const message = `Attempt ${token} was given back by its worker, which stops; the run is queued again.`;
      await addLog(tx, runId, [{ at: new Date().toISOString(), level: 'info', message }]);
      await forgetPoints(tx, runId);
    });
    await this.queue.deliver([{ runId, attempt: token + 1 }]);
  }

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
      if (last) return { requeued: false, ended: [id, ...(await this.#failDependents(tx, emit, [id]))] };
      await forgetPoints(tx, id);
      return { requeued: true, ended: [] };
    });
    if (requeued) await this.queue.deliver([{ runId: id, attempt: attempt + 1 }]);
    this.#followUp(ended);
  }

  /** Gives every worker a whole lease from now: it was the platform that could not be reached, not they. */
  async extendLeases(): Promise<void> {
    await this.prisma.$executeRaw`
      update run set lease_until = now() + make_interval(secs => ${this.settings.CLAIMBENCH_LEASE_SECONDS}::float8)
       where state in ('claimed', 'running')`;
  }

  /** Queued runs that a worker could begin, in the order of their making, with the number of their next attempt. */
  async ready(among?: { experimentId: string } | { dependentsOf: readonly string[] }): Promise<RunAttempt[]> {
    let filter = Prisma.empty;
    if (among && 'experimentId' in among)
      filter = Prisma.sql`and id in (select run_id from experiment_run where experiment_id = ${among.experimentId}::uuid)`;
    if (among && 'dependentsOf' in among) filter = Prisma.sql`and base_id = any(${[...among.dependentsOf]}::uuid[])`;
    return this.prisma.$queryRaw<RunAttempt[]>`
      select id as "runId", attempt + 1 as attempt from run where state = 'queued' ${filter} ${BASE_READY} order by id`;
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
    this.#followUp(await this.events.write((tx, emit) => this.#failDependents(tx, emit, ids)));
  }

  /** Runs that ended and whose points are still rows. */
  async compactEnded(): Promise<void> {
    const runs = await this.prisma.run.findMany({
      where: { compacted: false, finishedAt: { not: null } },
      select: { id: true },
      take: 500,
    });
    for (const { id } of runs) await this.prisma.$transaction((tx) => compactPoints(tx, id));
  }

  /** What follows from the end of runs, after its commit: their dependents are delivered, points compacted, experiments told. */
  settle(ended: readonly string[]): void {
    this.#followUp(ended);
  }

  #followUp(ended: readonly string[]): void {
    if (ended.length === 0) return;
    const steps = async () => {
      await this.queue.deliver(await this.ready({ dependentsOf: ended }));
      for (const listener of this.#endListeners) await listener(ended);
      for (const id of ended) await this.prisma.$transaction((tx) => compactPoints(tx, id));
    };
    // The caller's answer does not wait for it, and what fails here the reconciler does again.
    const done = steps()
      .catch((error) => this.#log.warn({ err: error }, 'what follows from the end of a run is left to the reconciler'))
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  /** Resolves when nothing is under way after ends of runs. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async onModuleDestroy(): Promise<void> {
    await this.idle();
  }

  /** Fails, directly and indirectly, what waits for a checkpoint that will not come. Returns the ids. */
  async #failDependents(tx: Transaction, emit: Emit, endedIds: readonly string[]): Promise<string[]> {
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

  /** Passes when the call repeats what was done under this token; else throws `lease-lost`. */
  async #answerRepeated(tx: Transaction, runId: string, token: number, state: RunState): Promise<void> {
    const run = await this.#runOf(tx, runId);
    if (run.attempt !== token || run.state !== state) throw leaseLost(runId, token, run);
  }

  async #notClaimable(tx: Transaction, runId: string): Promise<AppError> {
    const run = await this.#runOf(tx, runId);
    const why = run.state === 'queued' ? 'waits for its base run' : `is ${run.state}`;
    return new AppError('run-not-claimable', `Run ${runId} ${why}.`);
  }

  async #runOf(tx: Transaction, runId: string): Promise<{ attempt: number; state: RunState }> {
    const run = await tx.run.findUnique({ where: { id: runId }, select: { attempt: true, state: true } });
    if (!run) throw new AppError('not-found', `There is no run ${runId}.`);
    return { attempt: run.attempt, state: RunState.parse(run.state) };
  }
}

function leaseLost(runId: string, token: number, run: { attempt: number; state: RunState }): AppError {
  const now = isTerminal(run.state) ? `it is ${run.state}` : `its attempt is ${run.attempt} (${run.state})`;
  return new AppError('lease-lost', `Attempt ${token} does not have run ${runId}: ${now}. Nothing was written.`);
}

function failureOf(result: FinishRun['result']): Failure | undefined {
  if (result.state === 'succeeded') return undefined;
  return result.state === 'cancelled' ? { code: 'cancelled', message: 'The worker gave it up.' } : result.failure;
}

async function keepArtifacts(tx: Transaction, runId: string, artifacts: readonly ArtifactRef[]): Promise<void> {
  const names = artifacts.map((artifact) => artifact.name);
  if (new Set(names).size < names.length)
    throw new AppError('invalid-request', `A run's artifacts have different names; found ${names.join(', ')}.`);
  const stored = await tx.artifact.findMany({
    where: { sha256: { in: artifacts.map((artifact) => artifact.sha256) } },
    select: { sha256: true },
  });
  const known = new Set(stored.map((artifact) => artifact.sha256));
  const missing = artifacts.flatMap(({ name, sha256 }, i) =>
    known.has(sha256) ? [] : [{ path: `result.artifacts.${i}.sha256`, message: `${name} was not stored` }],
  );
  if (missing.length > 0)
    throw new AppError('invalid-request', 'A run names artifacts that the store does not have; send them first.', {
      errors: missing,
    });
  await tx.runArtifact.createMany({ data: artifacts.map(({ name, sha256 }) => ({ runId, name, sha256 })) });
}
