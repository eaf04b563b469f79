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
import { Inject, Injectable } from '@nestjs/common';
import { type Emit, EventLog, type Transaction } from '../event/event.log.ts';
import { Prisma } from '../prisma/generated/client.ts';
import { QueueService } from '../queue/queue.service.ts';
import { RacePoints } from '../race/race-points.ts';
import { SETTINGS } from '../settings/settings.module.ts';
import { BASE_READY, CHECKPOINT, RunEnding } from './run.ending.ts';
import { addLog, addPoints, forgetPoints } from './run.points.ts';
import { experimentsOf, metricsSoFar, transition } from './run.transition.ts';

const TRANSITION_OF = {
  succeeded: 'succeed',
  failed: 'fail',
  'timed-out': 'timeOut',
  cancelled: 'cancel',
} as const satisfies Record<FinishRun['result']['state'], RunTransition>;

interface HeartbeatRow {
  progressBefore: number | null;
  state: RunState;
  experimentIds: string[];
  metrics: Record<string, number>;
}

interface ClaimedRow {
  spec: unknown;
  spec_hash: string;
  /** Of the base that the run starts from, with its checkpoint; null: it starts from none. */
  base_hash: string | null;
  sha256: string | null;
  bytes: bigint | null;
}

/**
 * What workers and people do to runs. Every change is one transaction whose first statement is a compare-and-set that names the
 * fencing token, so a worker that lost its run can write nothing.
 */
@Injectable()
export class RunLife {
  constructor(
    private readonly events: EventLog,
    private readonly queue: QueueService,
    private readonly ending: RunEnding,
    private readonly races: RacePoints,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Gives a queued run to one worker. Throws `run-not-claimable` for all others. */
  async claim(runId: string, claimant: ClaimRunRequest): Promise<ClaimedRun> {
    const leaseSeconds = this.settings.CLAIMBENCH_LEASE_SECONDS;
    return this.events.write(async (tx, emit) => {
      await this.races.at('claim.read', claimant.worker);
      const [claimed] = await transition(tx, emit, 'claim', {
        runIds: [runId],
        token: null,
        leaseSeconds,
        claimant,
        condition: BASE_READY,
      });
      if (!claimed) throw await this.#notClaimable(tx, runId);
      const [run] = await tx.$queryRaw<ClaimedRow[]>`
        select run.spec, run.spec_hash, base.spec_hash as base_hash, artifact.sha256, artifact.bytes
          from run
          left join run base on base.id = run.base_id
          left join run_artifact named on named.run_id = base.id and named.name = ${CHECKPOINT}
          left join artifact on artifact.sha256 = named.sha256
         where run.id = ${runId}::uuid`;
      if (!run) throw new Error(`run ${runId} was claimed and is not there`);
      const { base_hash: baseHash, sha256, bytes } = run;
      return {
        runId,
        token: claimed.attempt,
        spec: RunSpec.parse(run.spec),
        specHash: run.spec_hash,
        leaseSeconds,
        limits: { seconds: this.settings.CLAIMBENCH_RUN_SECONDS, memoryMiB: this.settings.CLAIMBENCH_RUN_MEMORY_MIB },
        base:
          baseHash === null
            ? null
            : {
                specHash: baseHash,
                checkpoint: ArtifactRef.parse({ name: CHECKPOINT, sha256, bytes: Number(bytes) }),
              },
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
      const [beat] = await tx.$queryRaw<HeartbeatRow[]>`
        update run
           set lease_until = now() + make_interval(secs => ${leaseSeconds}::float8),
               progress = coalesce(${progress}::float8, run.progress)
          from run before
         where run.id = ${runId}::uuid and before.id = run.id
           and run.attempt = ${token}::int and run.state in ('claimed', 'running')
     returning before.progress as "progressBefore", run.state, ${experimentsOf(Prisma.sql`run.id`)} as "experimentIds",
               ${metricsSoFar(Prisma.sql`run.id`)} as metrics`;
      if (!beat) {
        const run = await this.#runOf(tx, runId);
        if (run.attempt === token && run.state === 'cancelled') return { leaseSeconds, cancel: true };
        throw leaseLost(runId, token, run);
      }
      const { progressBefore, state, experimentIds, metrics } = beat;
      if (progress !== null && progress !== progressBefore)
        emit({ type: 'run.changed', runId, experimentIds, state, progress, metrics, failure: null });
      return { leaseSeconds, cancel: false };
    });
  }

  /** Writes a batch once; a resent one answers `applied: false`. It shows life as well as a heartbeat does. */
  async addPoints(runId: string, { token, batch, points, log }: PointBatch): Promise<{ applied: boolean }> {
    const leaseSeconds = this.settings.CLAIMBENCH_LEASE_SECONDS;
    return this.events.write(async (tx, emit) => {
      const [fenced] = await tx.$queryRaw<{ progress: number | null; experimentIds: string[] }[]>`
        update run set lease_until = now() + make_interval(secs => ${leaseSeconds}::float8)
         where id = ${runId}::uuid and attempt = ${token}::int and state in ('claimed', 'running')
     returning progress, ${experimentsOf(Prisma.sql`run.id`)} as "experimentIds"`;
      if (!fenced) throw leaseLost(runId, token, await this.#runOf(tx, runId));
      await this.races.at('points.fenced', runId);
      const { count } = await tx.pointBatch.createMany({
        data: { runId, attempt: token, batch },
        skipDuplicates: true,
      });
      if (count === 0) return { applied: false };
      const series = await addPoints(tx, runId, points);
      await addLog(tx, runId, log);
      const { progress, experimentIds } = fenced;
      if (series.length > 0) emit({ type: 'run.points', runId, experimentIds, series, progress });
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
      return [runId, ...(await this.ending.failDependents(tx, emit, [runId]))];
    });
    this.ending.follow(ended);
  }

  /** Cancels those of the runs that have not ended; the workers hear of it at their next heartbeat. */
  async cancel(runIds: readonly string[], message: string): Promise<void> {
    this.ending.follow(await this.events.write((tx, emit) => this.cancelWithin(tx, emit, runIds, message)));
  }

  /** The same inside a transaction of the caller, who calls `RunEnding.follow` with the answer after the commit. */
  async cancelWithin(tx: Transaction, emit: Emit, runIds: readonly string[], message: string): Promise<string[]> {
    const failure: Failure = { code: 'cancelled', message };
    const moved = await transition(tx, emit, 'cancel', { runIds, token: null, failure });
    const ids = moved.map((run) => run.id);
    return [...ids, ...(await this.ending.failDependents(tx, emit, ids))];
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
