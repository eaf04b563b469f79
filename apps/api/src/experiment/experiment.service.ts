import {
  AppError,
  type ExperimentPlan,
  type ExperimentRequest,
  type ExperimentView,
  hashOf,
  type MetricName,
  type PlannedRun,
  type RegisteredProtocol,
  RunState,
} from '@claimbench/contracts';
import { BASELINE_ARM, compareArms } from '@claimbench/experiments';
import { Injectable } from '@nestjs/common';
import { EventLog } from '../event/event.log.ts';
import { PrismaService } from '../prisma/prisma.service.ts';
import { timeOrderedId } from '../prisma/time-ordered-id.ts';
import { QueueService } from '../queue/queue.service.ts';
import { RacePoints } from '../race/race-points.ts';
import { RunEnding } from '../run/run.ending.ts';
import { RunLife } from '../run/run.life.ts';
import { RunRepository } from '../run/run.repository.ts';
import { SeedService } from '../seed/seed.service.ts';
import { WorkerRepository } from '../worker/worker.repository.ts';
import { ExperimentAdvancer } from './experiment.advancer.ts';
import { attachRuns } from './experiment.attach.ts';
import { protocolLabels } from './experiment.labels.ts';
import { ExperimentPlanning } from './experiment.planning.ts';
import { ExperimentRepository } from './experiment.repository.ts';
import type {
  Comparison,
  Curves,
  CurvesQuery,
  ExperimentPage,
  ExperimentQuery,
  ExperimentRunQuery,
  RunPage,
} from './experiment.schemas.ts';

/** The metrics that a free comparison is about: the first one that its runs report. */
const HEADLINE_METRICS = [
  'natsPerByte',
  'natsPerToken',
  'natsPerItem',
  'top1Accuracy',
] as const satisfies readonly MetricName[];

/** Everything about a submission that is known before anything is written. */
type Draft = { title: string; claim: string | null; labelOf(arm: string): string } & (
  | { kind: 'comparison'; runs: PlannedRun[]; reuse: boolean }
  | { kind: 'protocol'; registered: RegisteredProtocol; protocolHash: string }
);

@Injectable()
export class ExperimentService {
  constructor(
    private readonly experiments: ExperimentRepository,
    private readonly prisma: PrismaService,
    private readonly planning: ExperimentPlanning,
    private readonly advancer: ExperimentAdvancer,
    private readonly events: EventLog,
    private readonly queue: QueueService,
    private readonly life: RunLife,
    private readonly ending: RunEnding,
    private readonly runRepository: RunRepository,
    private readonly seeds: SeedService,
    private readonly workers: WorkerRepository,
    private readonly races: RacePoints,
  ) {}

  async plan(request: ExperimentRequest): Promise<ExperimentPlan> {
    const slots = await this.workers.slots();
    if (request.kind === 'protocol') return this.planning.preview(request, slots);
    const { runs, labels } = await this.planning.comparison(request);
    const reused = request.reuse ? await this.experiments.shared(runs.map((run) => run.specHash)) : new Set<string>();
    return this.planning.summary(runs, { labels, reused, slots });
  }

  async submit(request: ExperimentRequest, idempotencyKey: string | null): Promise<ExperimentView> {
    const requestHash = await hashOf(request);
    const earlier = await this.#submittedBefore(idempotencyKey, requestHash);
    if (earlier) return this.experiments.view(earlier);
    // Asked meanwhile; what is wrong with the request is told first.
    const up = this.#mustBeUp();
    up.catch(() => {});
    const draft = await this.#draft(request);
    await up;

    const id = timeOrderedId();
    const begun = await this.events.write(async (tx, emit) => {
      const { count } = await tx.experiment.createMany({
        data: {
          id,
          kind: request.kind,
          title: draft.title,
          claim: draft.claim,
          request,
          requestHash,
          idempotencyKey,
          ...(draft.kind === 'protocol' ? { registered: draft.registered, protocolHash: draft.protocolHash } : {}),
        },
        skipDuplicates: true,
      });
      // The same key came at the same moment, and the other submission was first.
      if (count === 0) return null;
      let planned: PlannedRun[];
      if (draft.kind === 'comparison') planned = draft.runs;
      else {
        const { registered, protocolHash } = draft;
        const { secret } = await this.seeds.reveal(tx, id, protocolHash);
        const first = await this.planning.advance({ registered, protocolHash, secret, finished: [] });
        if (first.kind !== 'runs') throw new Error(`protocol ${registered.protocol.id} begins without any run`);
        planned = first.runs;
      }
      const ready = await attachRuns(tx, {
        experimentId: id,
        planned,
        labelOf: draft.labelOf,
        reuse: draft.kind === 'protocol' || draft.reuse,
        hasCheckpoint: (runId) => this.advancer.hasCheckpoint(runId),
      });
      emit({ type: 'experiment.changed', experimentId: id, state: 'running', stage: 0 });
      return ready;
    });
    if (!begun) return this.experiments.view((await this.#submittedBefore(idempotencyKey, requestHash)) ?? id);
    await this.races.at('submit.committed', id);
    await this.advancer.begin(id, begun);
    return this.experiments.view(id);
  }

  list(query: ExperimentQuery): Promise<ExperimentPage> {
    return this.experiments.list(query);
  }

  get(id: string): Promise<ExperimentView> {
    return this.experiments.view(id);
  }

  runs(id: string, query: ExperimentRunQuery): Promise<RunPage> {
    return this.experiments.runs(id, query);
  }

  async comparison(id: string): Promise<Comparison> {
    const { registration } = await this.experiments.load(id);
    const { finished, labels } = await this.experiments.finished(id, { items: false });
    const arms = new Set(finished.map((run) => run.arm));
    const measured = new Set(finished.flatMap((run) => Object.keys(run.outcome?.metrics ?? {})));
    const protocol = registration?.registered.protocol;
    const named = protocol ? protocol.arms.find((arm) => arm.role === 'baseline')?.id : BASELINE_ARM;
    const baseline = named !== undefined && arms.has(named) ? named : null;
    const metric =
      protocol?.parts[0]?.contrast.metric ?? HEADLINE_METRICS.find((name) => measured.has(name)) ?? HEADLINE_METRICS[0];
    return { baseline, metric, rows: compareArms(finished, { baseline, metric, labels: Object.fromEntries(labels) }) };
  }

  async curves(id: string, { series, buckets }: CurvesQuery): Promise<Curves> {
    const rows = await this.experiments.curveRuns(id, series);
    const seriesIds = rows.flatMap((row) => row.run.series.map(({ id: seriesId }) => seriesId));
    const bySeries = Map.groupBy(await this.runRepository.buckets(seriesIds, buckets), (row) => row.series_id);
    const arms = Map.groupBy(rows, (row) => row.arm);
    return {
      series,
      arms: [...arms].map(([arm, ofArm]) => ({
        arm,
        label: ofArm[0]?.label ?? arm,
        runs: ofArm.map(({ run, block }) => {
          const found = run.series.flatMap(({ id: seriesId }) => bySeries.get(seriesId) ?? []);
          return {
            runId: run.id,
            block,
            state: RunState.parse(run.state),
            count: found.reduce((sum, bucket) => sum + bucket.count, 0),
            buckets: found.map(({ step, min, max, mean, count }) => ({ step, min, max, mean, count })),
          };
        }),
      })),
    };
  }

  async cancel(id: string): Promise<ExperimentView> {
    const { stage } = await this.experiments.load(id);
    const ended = await this.events.write(async (tx, emit) => {
      const { count } = await tx.experiment.updateMany({
        where: { id, state: 'running' },
        data: { state: 'cancelled', reason: 'Cancelled by a person.', finishedAt: new Date() },
      });
      if (count === 0) return [];
      emit({ type: 'experiment.changed', experimentId: id, state: 'cancelled', stage });
      const own = await this.experiments.lockOwnOpenRuns(tx, id);
      return this.life.cancelWithin(tx, emit, own, 'Its experiment was cancelled.');
    });
    this.ending.follow(ended);
    return this.experiments.view(id);
  }

  async #draft(request: ExperimentRequest): Promise<Draft> {
    if (request.kind === 'protocol') {
      const { title, claim } = this.planning.protocol(request.protocolId);
      const { registered, protocolHash } = await this.planning.register(request);
      const labelOf = protocolLabels(registered.protocol);
      return { kind: 'protocol', title, claim, labelOf, registered, protocolHash };
    }
    const { runs, labels } = await this.planning.comparison(request);
    const { title, claim, reuse } = request;
    return { kind: 'comparison', title, claim, labelOf: (arm) => labels[arm] ?? arm, runs, reuse };
  }

  /** Asked before anything is written. A queue that fails after this costs time alone: the reconciler delivers again. */
  async #mustBeUp(): Promise<void> {
    try {
      await this.queue.ping();
    } catch (error) {
      // Where the queue lives in the database, the database's absence is what is to be told.
      await this.prisma.ping();
      throw error;
    }
  }

  async #submittedBefore(key: string | null, requestHash: string): Promise<string | null> {
    const earlier = key === null ? null : await this.experiments.byIdempotencyKey(key);
    if (!earlier) return null;
    if (earlier.requestHash === requestHash) return earlier.id;
    throw new AppError('invalid-request', 'This Idempotency-Key was used for another request.', {
      errors: [{ path: 'Idempotency-Key', message: 'expected a key that was not used before' }],
    });
  }
}
