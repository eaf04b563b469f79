import {
  AppError,
  AttemptView,
  Failure,
  LogLine,
  Outcome,
  RunSpec,
  RunState,
  RunView,
  type SeriesBuckets,
  type SeriesSummary,
} from '@claimbench/contracts';
import { Injectable } from '@nestjs/common';
import { PrismaService } from '../prisma/prisma.service.ts';
import type { LogPage, LogQuery, SeriesQuery } from './run.schemas.ts';

export interface BucketRow {
  series_id: number;
  step: number;
  min: number;
  max: number;
  mean: number;
  count: number;
}

/** Reads runs. Lists never touch points; charts read at most as many buckets as they ask for. */
@Injectable()
export class RunRepository {
  constructor(private readonly prisma: PrismaService) {}

  async view(id: string): Promise<RunView> {
    const run = await this.prisma.run.findUnique({
      where: { id },
      include: {
        attempts: { orderBy: { number: 'asc' } },
        series: { orderBy: { name: 'asc' } },
        artifacts: { include: { artifact: true }, orderBy: { name: 'asc' } },
        base: { select: { id: true, specHash: true, state: true } },
        experiments: {
          select: { arm: true, role: true, experiment: { select: { id: true, title: true } } },
          orderBy: [{ experimentId: 'asc' }, { position: 'asc' }],
        },
      },
    });
    if (!run) throw new AppError('not-found', `There is no run ${id}.`);
    return RunView.parse({
      id: run.id,
      state: run.state,
      spec: RunSpec.parse(run.spec),
      specHash: run.specHash,
      createdAt: run.createdAt.toISOString(),
      startedAt: iso(run.startedAt),
      finishedAt: iso(run.finishedAt),
      progress: run.progress,
      outcome: Outcome.nullable().parse(run.outcome),
      failure: Failure.nullable().parse(run.failure),
      attempts: run.attempts.map((attempt) =>
        AttemptView.parse({
          ...attempt,
          claimedAt: attempt.claimedAt.toISOString(),
          startedAt: iso(attempt.startedAt),
          endedAt: iso(attempt.endedAt),
        }),
      ),
      series: run.series.filter((series) => series.count > 0).map(seriesSummary),
      lineage: {
        base: run.base,
        experiments: run.experiments.map(({ arm, role, experiment }) => ({ ...experiment, arm, role })),
        artifacts: run.artifacts.map(({ name, sha256, artifact }) => ({ name, sha256, bytes: Number(artifact.bytes) })),
      },
    });
  }

  async series(runId: string, name: string, { buckets, from, to }: SeriesQuery): Promise<SeriesBuckets> {
    const series = await this.prisma.series.findUnique({ where: { runId_name: { runId, name } } });
    if (!series) {
      const run = await this.prisma.run.findUnique({ where: { id: runId }, select: { id: true } });
      throw new AppError('not-found', run ? `Run ${runId} has no series ${name}.` : `There is no run ${runId}.`);
    }
    const rows = await this.buckets([series.id], buckets, from, to);
    return {
      series: name,
      count: rows.reduce((sum, row) => sum + row.count, 0),
      buckets: rows.map(({ step, min, max, mean, count }) => ({ step, min, max, mean, count })),
    };
  }

  /** Buckets of equally many points, in the order of their steps; few points are their own buckets. */
  async buckets(seriesIds: readonly number[], buckets: number, from?: number, to?: number): Promise<BucketRow[]> {
    const ids = [...seriesIds];
    const first = from ?? 0;
    const last = to ?? 2 ** 31 - 1;
    return this.prisma.$queryRaw<BucketRow[]>`
      with points as (
        select series_id, step, value from point
         where series_id = any(${ids}::int[]) and step between ${first}::int and ${last}::int
         union all
        select chunk.series_id, each.step, each.value
          from point_chunk chunk, unnest(chunk.steps, chunk.values) as each (step, value)
         where chunk.series_id = any(${ids}::int[])
           and chunk.last_step >= ${first}::int and chunk.first_step <= ${last}::int
           and each.step between ${first}::int and ${last}::int
      ), placed as (
        select series_id, step, value,
               (row_number() over (partition by series_id order by step) - 1) * ${buckets}::bigint
               / greatest(count(*) over (partition by series_id), ${buckets}::bigint) as bucket
          from points
      )
      select series_id, avg(step)::float8 as step, min(value) as min, max(value) as max, avg(value) as mean,
             count(*)::int as count
        from placed
       group by series_id, bucket
       order by series_id, bucket`;
  }

  async log(runId: string, { after, limit }: LogQuery): Promise<LogPage> {
    const rows = await this.prisma.logLine.findMany({
      where: { runId, sequence: { gt: after } },
      orderBy: { sequence: 'asc' },
      take: limit + 1,
    });
    if (rows.length === 0 && !(await this.prisma.run.findUnique({ where: { id: runId }, select: { id: true } })))
      throw new AppError('not-found', `There is no run ${runId}.`);
    const shown = rows.slice(0, limit);
    return {
      items: shown.map((line) => LogLine.parse({ ...line, at: line.at.toISOString() })),
      next: rows.length > limit ? (shown.at(-1)?.sequence ?? null) : null,
    };
  }

  async stateOf(runId: string): Promise<RunState> {
    const run = await this.prisma.run.findUnique({ where: { id: runId }, select: { state: true } });
    if (!run) throw new AppError('not-found', `There is no run ${runId}.`);
    return RunState.parse(run.state);
  }
}

export function seriesSummary(row: { name: string } & Omit<SeriesSummary, 'series'>): SeriesSummary {
  const { name, count, last, lastStep, min, max } = row;
  return { series: name, count, last, lastStep, min, max };
}

export function iso(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}
