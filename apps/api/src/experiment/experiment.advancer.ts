import type { ExperimentState } from '@claimbench/contracts';
import type { FinishedRun } from '@claimbench/experiments';
import type { RunAttempt } from '@claimbench/queue';
import { Injectable, Logger } from '@nestjs/common';
import { ArtifactService } from '../artifact/artifact.service.ts';
import type { Emit, Transaction } from '../event/event.log.ts';
import { EventLog } from '../event/event.log.ts';
import { PrismaService } from '../prisma/prisma.service.ts';
import { timeOrderedId } from '../prisma/time-ordered-id.ts';
import { QueueService } from '../queue/queue.service.ts';
import { RacePoints } from '../race/race-points.ts';
import { CHECKPOINT, RunEnding } from '../run/run.ending.ts';
import { attachRuns } from './experiment.attach.ts';
import { protocolLabels } from './experiment.labels.ts';
import { ExperimentPlanning } from './experiment.planning.ts';
import { ExperimentRepository, type StoredExperiment } from './experiment.repository.ts';

type End = { state: Exclude<ExperimentState, 'running'>; reason: string | null };

/**
 * Takes experiments to their next stage or their end. Several processes may do so at the same moment: what comes next follows
 * from the finished runs alone, and only the one whose compare-and-set on the stage succeeds writes it.
 */
@Injectable()
export class ExperimentAdvancer {
  readonly #log = new Logger('experiment');

  constructor(
    private readonly prisma: PrismaService,
    private readonly experiments: ExperimentRepository,
    private readonly planning: ExperimentPlanning,
    private readonly events: EventLog,
    private readonly queue: QueueService,
    ending: RunEnding,
    private readonly artifacts: ArtifactService,
    private readonly races: RacePoints,
  ) {
    ending.onEnded((runIds) => this.advanceAll(runIds));
  }

  /** Takes on every experiment whose stage has ended; or, after runs have ended, those that they belong to. */
  async advanceAll(endedRunIds?: readonly string[]): Promise<void> {
    for (const id of await this.experiments.toAdvance(endedRunIds)) await this.advance(id);
  }

  /** Does what comes next if every run of the stage has ended; else nothing. */
  async advance(id: string): Promise<void> {
    // The stage is read before the runs: a stage that began in between makes the compare-and-set fail.
    const experiment = await this.experiments.load(id);
    if (experiment.state !== 'running') return;
    const { finished, open } = await this.experiments.finished(id, { items: experiment.kind === 'protocol' });
    if (open > 0) return;
    if (experiment.kind === 'comparison') await this.#end(experiment, endOfComparison(finished));
    else await this.#advanceProtocol(experiment, finished);
  }

  async #advanceProtocol(experiment: StoredExperiment, finished: FinishedRun[]): Promise<void> {
    const { registration } = experiment;
    if (!registration) throw new Error(`experiment ${experiment.id} runs a protocol and has no registration`);
    const { registered, protocolHash, reveal } = registration;
    let next: Awaited<ReturnType<ExperimentPlanning['advance']>>;
    try {
      const earlier = await this.experiments.earlierBlocks(experiment.id, protocolHash);
      next = await this.planning.advance({ registered, protocolHash, secret: reveal.secret, finished, earlier });
    } catch (error) {
      // The same outcomes would fail the same way for ever: the experiment ends and says why.
      this.#log.error({ err: error, experiment: experiment.id }, 'the protocol could not be judged');
      const message = error instanceof Error ? error.message : String(error);
      await this.#end(experiment, { state: 'failed', reason: `The outcomes could not be judged: ${message}` });
      return;
    }
    await this.races.at('advance.computed', experiment.id);
    if (next.kind === 'verdict') {
      const { verdict } = next;
      await this.#end(experiment, { state: 'succeeded', reason: verdict.reason }, async (tx, emit) => {
        await this.experiments.appendVerdict(tx, timeOrderedId(), experiment.id, verdict);
        emit({
          type: 'verdict.reached',
          experimentId: experiment.id,
          claim: verdict.claim,
          verdict: verdict.verdict,
        });
      });
      return;
    }
    const { stage, runs } = next;
    if (stage <= experiment.stage) throw new Error(`stage ${stage} cannot follow stage ${experiment.stage}`);
    const begun = await this.events.write(async (tx, emit) => {
      if (!(await moveTo(tx, experiment, { stage }))) return null;
      const ready = await attachRuns(tx, {
        experimentId: experiment.id,
        planned: runs,
        labelOf: protocolLabels(registered.protocol),
        reuse: true,
        hasCheckpoint: (runId) => this.hasCheckpoint(runId),
      });
      emit({ type: 'experiment.changed', experimentId: experiment.id, state: 'running', stage });
      return ready;
    });
    if (begun) await this.begin(experiment.id, begun);
  }

  /** Puts runs of a new stage into the queue; without any, what it asked for may be there already: then it goes on at once. */
  async begin(experimentId: string, ready: readonly RunAttempt[]): Promise<void> {
    if (ready.length > 0) await this.queue.deliver(ready);
    else await this.advance(experimentId);
  }

  async hasCheckpoint(runId: string): Promise<boolean> {
    const artifact = await this.prisma.runArtifact.findUnique({ where: { runId_name: { runId, name: CHECKPOINT } } });
    return artifact !== null && (await this.artifacts.has(artifact.sha256));
  }

  async #end(
    experiment: StoredExperiment,
    { state, reason }: End,
    also: (tx: Transaction, emit: Emit) => Promise<void> = async () => {},
  ): Promise<void> {
    await this.events.write(async (tx, emit) => {
      if (!(await moveTo(tx, experiment, { state, reason, finishedAt: new Date() }))) return;
      await also(tx, emit);
      emit({ type: 'experiment.changed', experimentId: experiment.id, state, stage: experiment.stage });
    });
  }
}

/** One compare-and-set: true for the only caller that moves the experiment on from where it was read. */
async function moveTo(
  tx: Transaction,
  { id, stage }: StoredExperiment,
  data: { stage?: number; state?: ExperimentState; reason?: string | null; finishedAt?: Date },
): Promise<boolean> {
  const { count } = await tx.experiment.updateMany({ where: { id, stage, state: 'running' }, data });
  return count === 1;
}

/** A comparison has succeeded when something can be compared; its reason counts what cannot. */
function endOfComparison(finished: readonly FinishedRun[]): End {
  const ended = Map.groupBy(finished, (run) => run.state);
  const succeeded = ended.get('succeeded')?.length ?? 0;
  const others = [...ended]
    .filter(([state]) => state !== 'succeeded')
    .map(([state, runs]) => `${runs.length} ${state}${codesOf(runs)}`);
  const reason = others.length === 0 ? null : `Of ${finished.length} runs: ${others.join(', ')}.`;
  if (succeeded > 0) return { state: 'succeeded', reason };
  return { state: ended.get('cancelled')?.length === finished.length ? 'cancelled' : 'failed', reason };
}

function codesOf(runs: readonly FinishedRun[]): string {
  const codes = new Set(runs.flatMap((run) => (run.failure && run.state !== 'cancelled' ? [run.failure.code] : [])));
  return codes.size === 0 ? '' : ` (${[...codes].join(', ')})`;
}
