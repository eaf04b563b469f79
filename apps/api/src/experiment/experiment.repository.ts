import {
  AppError,
  ExperimentRequest,
  ExperimentState,
  ExperimentSummary,
  ExperimentView,
  Failure,
  Outcome,
  PlannedRun,
  RegisteredProtocol,
  RUN_STATES,
  RunSpec,
  RunState,
  RunSummary,
  SeedReveal,
  type Verdict,
  Verdict as VerdictSchema,
} from '@claimbench/contracts';
import { blocksSoFar, type EarlierBlocks, type FinishedRun } from '@claimbench/experiments';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Transaction } from '../event/event.log.ts';
import { pageOf, readCursor } from '../page/cursor.ts';
import { Prisma } from '../prisma/generated/client.ts';
import { PrismaService } from '../prisma/prisma.service.ts';
import { iso } from '../run/run.repository.ts';
import { WorkerRepository } from '../worker/worker.repository.ts';
import type { ExperimentPage, ExperimentQuery, ExperimentRunQuery, RunPage } from './experiment.schemas.ts';

/** An experiment as far as deciding what comes next needs it. */
export interface StoredExperiment {
  id: string;
  kind: 'comparison' | 'protocol';
  state: ExperimentState;
  stage: number;
  request: ExperimentRequest;
  registration: { registered: RegisteredProtocol; protocolHash: string; reveal: SeedReveal } | null;
}

const ROLE = PlannedRun.shape.role;

@Injectable()
export class ExperimentRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly workers: WorkerRepository,
  ) {}

  async load(id: string): Promise<StoredExperiment> {
    const row = await this.prisma.experiment.findUnique({ where: { id }, include: { reveal: true } });
    if (!row) throw new AppError('not-found', `There is no experiment ${id}.`);
    const request = ExperimentRequest.parse(row.request);
    return {
      id,
      kind: request.kind,
      state: ExperimentState.parse(row.state),
      stage: row.stage,
      request,
      registration:
        row.registered === null
          ? null
          : {
              registered: RegisteredProtocol.parse(row.registered),
              protocolHash: z.string().parse(row.protocolHash),
              reveal: SeedReveal.parse(row.reveal),
            },
    };
  }

  async view(id: string): Promise<ExperimentView> {
    const [[row], progress] = await Promise.all([
      this.prisma.$queryRaw<ViewRow[]>`
        select title, state, claim, request, registered, protocol_hash, reason, created_at, finished_at,
               (select jsonb_build_object('index', index, 'commitment', commitment, 'secret', secret, 'protocolHash', seed_reveal.protocol_hash)
                  from seed_reveal where experiment_id = experiment.id) as reveal,
               (select verdict from verdict where experiment_id = experiment.id order by at desc limit 1) as verdict,
               case when exists (select 1 from experiment_run place
                                  where place.experiment_id = experiment.id and place.stage = experiment.stage and place.role = 'tuning')
                    then 'tuning' else 'judged' end as phase
          from experiment where id = ${id}::uuid`,
      this.#progress([id]),
    ]);
    if (!row) throw new AppError('not-found', `There is no experiment ${id}.`);
    const { counts, remainingSeconds } = progress.get(id) ?? NO_RUNS;
    return ExperimentView.parse({
      id,
      title: row.title,
      state: row.state,
      claim: row.claim,
      request: row.request,
      registration:
        row.registered === null
          ? null
          : {
              registered: row.registered,
              protocolHash: row.protocol_hash,
              reveal: row.reveal,
            },
      createdAt: row.created_at.toISOString(),
      finishedAt: iso(row.finished_at),
      phase: row.phase,
      counts,
      remainingSeconds: row.finished_at ? null : remainingSeconds,
      verdict: row.verdict,
      reason: row.reason,
    } satisfies Record<keyof ExperimentView, unknown>);
  }

  async list({ state, claim, q, cursor, limit }: ExperimentQuery): Promise<ExperimentPage> {
    const after = readCursor(cursor, z.uuid());
    const where: Prisma.ExperimentWhereInput = {
      state,
      claim,
      // Prisma passes % and _ on as PostgreSQL's wildcards: they mean themselves here.
      title: q ? { contains: q.replaceAll(/[\\%_]/g, '\\$&'), mode: 'insensitive' } : undefined,
    };
    const [rows, total] = await Promise.all([
      this.prisma.experiment.findMany({
        where: { ...where, id: after ? { lt: after } : undefined },
        orderBy: { id: 'desc' },
        take: limit + 1,
        include: { verdicts: { orderBy: { at: 'desc' }, take: 1, select: { word: true } } },
      }),
      this.prisma.experiment.count({ where }),
    ]);
    const ids = rows.slice(0, limit).map((row) => row.id);
    const progress = await this.#progress(ids);
    return pageOf(
      rows,
      limit,
      total,
      (row) => {
        const { counts, remainingSeconds } = progress.get(row.id) ?? NO_RUNS;
        return ExperimentSummary.parse({
          id: row.id,
          title: row.title,
          state: row.state,
          claim: row.claim,
          createdAt: row.createdAt.toISOString(),
          finishedAt: iso(row.finishedAt),
          counts,
          remainingSeconds: row.finishedAt ? null : remainingSeconds,
          reason: row.reason,
          kind: row.kind,
          verdictWord: row.verdicts[0]?.word ?? null,
        } satisfies Record<keyof ExperimentSummary, unknown>);
      },
      (row) => row.id,
    );
  }

  async runs(experimentId: string, { state, cursor, limit }: ExperimentRunQuery): Promise<RunPage> {
    const after = readCursor(cursor, z.number().int());
    const where: Prisma.ExperimentRunWhereInput = { experimentId, run: { state } };
    const [rows, total] = await Promise.all([
      this.prisma.experimentRun.findMany({
        where: { ...where, position: after === null ? undefined : { gt: after } },
        orderBy: { position: 'asc' },
        take: limit + 1,
        include: {
          run: {
            // Outcomes hold a value for each item: lists read the few metrics that were copied from them.
            omit: { outcome: true },
            include: { series: { select: { name: true, last: true, count: true } } },
          },
        },
      }),
      this.prisma.experimentRun.count({ where }),
    ]);
    if (total === 0) await this.#mustExist(experimentId);
    return pageOf(
      rows,
      limit,
      total,
      ({ run, ...place }) => {
        const spec = RunSpec.parse(run.spec);
        const measured = z.record(z.string(), z.number()).parse(run.metrics);
        const ended = run.finishedAt !== null;
        const live = Object.fromEntries(run.series.filter((s) => s.count > 0).map((s) => [s.name, s.last]));
        return RunSummary.parse({
          id: run.id,
          state: run.state,
          arm: place.arm,
          label: place.label,
          role: place.role,
          block: place.block,
          stage: place.stage,
          seed: spec.seed,
          specHash: run.specHash,
          technique: spec.technique.id,
          parameters: spec.technique.parameters,
          metrics: ended ? measured : live,
          progress: run.progress,
          reused: place.reused,
          failure: Failure.nullable().parse(run.failure),
          seconds: run.startedAt && run.finishedAt ? (run.finishedAt.getTime() - run.startedAt.getTime()) / 1000 : null,
        } satisfies Record<keyof RunSummary, unknown>);
      },
      (row) => row.position,
    );
  }

  /** Planned runs that have ended, in the plan's order; `open` counts the others. */
  async finished(
    experimentId: string,
    { items }: { items: boolean },
  ): Promise<{ finished: FinishedRun[]; labels: Map<string, string>; open: number }> {
    const rows = await this.prisma.$queryRaw<FinishedRow[]>`
      select place.arm, place.label, place.role, place.stage, place.block, run.spec_hash as "specHash", run.state, run.spec,
             ${items ? Prisma.sql`run.outcome` : Prisma.sql`jsonb_set(run.outcome, '{items}', 'null')`} as outcome, run.failure
        from experiment_run place join run on run.id = place.run_id
       where place.experiment_id = ${experimentId}::uuid
       order by place.position`;
    const finished = rows.flatMap((row): FinishedRun[] => {
      const state = FINISHED_STATE.safeParse(row.state);
      if (!state.success) return [];
      return [
        {
          arm: row.arm,
          role: ROLE.parse(row.role),
          stage: row.stage,
          block: row.block,
          spec: RunSpec.parse(row.spec),
          specHash: row.specHash,
          state: state.data,
          outcome: Outcome.nullable().parse(row.outcome),
          failure: Failure.nullable().parse(row.failure),
        },
      ];
    });
    return { finished, labels: new Map(rows.map((row) => [row.arm, row.label])), open: rows.length - finished.length };
  }

  /**
   * What registrations of the same protocol measured before this one, in their order: also those that were cancelled, and as far as
   * those have come that still run.
   */
  async earlierBlocks(experimentId: string, protocolHash: string): Promise<EarlierBlocks[]> {
    const rows = await this.prisma.experiment.findMany({
      where: { protocolHash, id: { lt: experimentId } },
      orderBy: { id: 'asc' },
      select: { id: true, registered: true },
    });
    return Promise.all(
      rows.map(async ({ id, registered }) => {
        const { finished } = await this.finished(id, { items: true });
        return blocksSoFar({ registered: RegisteredProtocol.parse(registered), protocolHash, finished });
      }),
    );
  }

  /** Judged runs and controls with their series of this name, for curves. */
  async curveRuns(experimentId: string, series: string) {
    const rows = await this.prisma.experimentRun.findMany({
      where: { experimentId, role: { in: ['judged', 'control'] } },
      orderBy: { position: 'asc' },
      select: {
        arm: true,
        label: true,
        block: true,
        run: { select: { id: true, state: true, series: { where: { name: series }, select: { id: true } } } },
      },
    });
    if (rows.length === 0) await this.#mustExist(experimentId);
    return rows;
  }

  byIdempotencyKey(key: string): Promise<{ id: string; requestHash: string } | null> {
    return this.prisma.experiment.findUnique({
      where: { idempotencyKey: key },
      select: { id: true, requestHash: true },
    });
  }

  /** Spec hashes that an earlier run answers or is about to. */
  async shared(specHashes: readonly string[]): Promise<Set<string>> {
    const rows = await this.prisma.run.findMany({
      where: {
        shared: true,
        specHash: { in: [...specHashes] },
        state: { in: ['queued', 'claimed', 'running', 'succeeded'] },
      },
      select: { specHash: true },
    });
    return new Set(rows.map((row) => row.specHash));
  }

  /** Running experiments without an open run, for which something comes next; all, or those that have one of `runIds`. */
  async toAdvance(runIds?: readonly string[]): Promise<string[]> {
    const some = runIds ? { runId: { in: [...runIds] } } : undefined;
    const rows = await this.prisma.experiment.findMany({
      where: { state: 'running', runs: { some, none: { run: { finishedAt: null } } } },
      select: { id: true },
    });
    return rows.map((row) => row.id);
  }

  /** Open runs of an experiment that no other running experiment needs, locked in the order of their ids. */
  async lockOwnOpenRuns(tx: Transaction, experimentId: string): Promise<string[]> {
    const open = await tx.$queryRaw<{ id: string }[]>`
      select id from run
       where finished_at is null
         and id in (select run_id from experiment_run where experiment_id = ${experimentId}::uuid)
       order by id for update`;
    // A statement of its own: it sees experiments that took a run over just before the lock was given.
    const needed = await tx.experimentRun.findMany({
      where: {
        runId: { in: open.map((run) => run.id) },
        experimentId: { not: experimentId },
        experiment: { state: 'running' },
      },
      select: { runId: true },
    });
    const others = new Set(needed.map((row) => row.runId));
    return open.map((run) => run.id).filter((id) => !others.has(id));
  }

  async appendVerdict(
    tx: Transaction,
    id: string,
    experimentId: string,
    verdict: Verdict,
    cause: 'new-evidence' | 'rule-change' = 'new-evidence',
  ): Promise<void> {
    await tx.verdict.create({
      data: {
        id,
        experimentId,
        claim: verdict.claim,
        word: verdict.verdict,
        ruleVersion: verdict.ruleVersion,
        cause,
        // Every run was executed under a lease by a worker of the platform, from seeds that were revealed after the registration.
        evidenceLevel: 'measured',
        verdict: VerdictSchema.parse(verdict),
      },
    });
  }

  /**
   * For each experiment how many planned runs are in which state, and the estimated seconds of what is left, divided by the runs
   * that the present workers do at once. A run that several arms share is done once.
   */
  async #progress(ids: readonly string[]): Promise<Map<string, ProgressOfRuns>> {
    const [rows, slots] = await Promise.all([
      this.prisma.$queryRaw<{ id: string; state: string; count: number; seconds: number }[]>`
        select id, state, sum(places)::int as count, sum(seconds)::float8 as seconds
          from (select place.experiment_id as id, run.state, count(*) as places,
                       case when run.finished_at is null
                            then max(place.estimated_seconds) * (1 - coalesce(run.progress, 0)) else 0 end as seconds
                  from experiment_run place join run on run.id = place.run_id
                 where place.experiment_id = any(${[...ids]}::uuid[])
                 group by place.experiment_id, run.id) of_run
         group by id, state`,
      this.workers.slots(),
    ]);
    const progress = new Map<string, ProgressOfRuns>();
    for (const { id, state, count, seconds } of rows) {
      const { counts, remainingSeconds } = progress.get(id) ?? NO_RUNS;
      progress.set(id, {
        counts: { ...counts, [RunState.parse(state)]: count },
        remainingSeconds: remainingSeconds + seconds / slots,
      });
    }
    return progress;
  }

  async #mustExist(id: string): Promise<void> {
    if (!(await this.prisma.experiment.findUnique({ where: { id }, select: { id: true } })))
      throw new AppError('not-found', `There is no experiment ${id}.`);
  }
}

const FINISHED_STATE = z.enum(['succeeded', 'failed', 'timed-out', 'cancelled']);

interface FinishedRow {
  arm: string;
  label: string;
  role: string;
  stage: number;
  block: number;
  specHash: string;
  state: string;
  spec: unknown;
  outcome: unknown;
  failure: unknown;
}

interface ViewRow {
  title: string;
  state: string;
  claim: string | null;
  request: unknown;
  registered: unknown;
  protocol_hash: string | null;
  reason: string | null;
  created_at: Date;
  finished_at: Date | null;
  reveal: unknown;
  verdict: unknown;
  phase: string;
}

interface ProgressOfRuns {
  counts: Record<RunState, number>;
  remainingSeconds: number;
}

const NO_RUNS: ProgressOfRuns = {
  counts: z.record(RunState, z.number()).parse(Object.fromEntries(RUN_STATES.map((state) => [state, 0]))),
  remainingSeconds: 0,
};
