import { AppError, type LogLine, type Point, type SeriesSummary } from '@claimbench/contracts';
import type { Transaction } from '../event/event.log.ts';

/** Largest step that the tables hold (a 32-bit integer). */
const LAST_STEP = 2 ** 31 - 1;
/** Points in one chunk: about 50 KB, the piece that a chart reads. */
const CHUNK = 4096;

/** Adds points to a run's series and brings the series' summaries up to date. A point that is there already stays as it is. */
export async function addPoints(tx: Transaction, runId: string, points: readonly Point[]): Promise<SeriesSummary[]> {
  if (points.length === 0) return [];
  const far = points.find((point) => point.step > LAST_STEP);
  if (far)
    throw new AppError('invalid-request', `Steps go up to ${LAST_STEP}; ${far.series} has the step ${far.step}.`);
  const names = points.map((point) => point.series);
  const steps = points.map((point) => point.step);
  const values = points.map((point) => point.value);
  await tx.$executeRaw`
    insert into series (run_id, name)
    select distinct ${runId}::uuid, name from unnest(${names}::text[]) as name
    on conflict do nothing`;
  return tx.$queryRaw<SeriesSummary[]>`
    with fresh as (
      insert into point (series_id, step, value)
      select series.id, input.step, input.value
        from unnest(${names}::text[], ${steps}::int[], ${values}::float8[]) as input (name, step, value)
        join series on series.run_id = ${runId}::uuid and series.name = input.name
      on conflict do nothing
      returning series_id, step, value
    ), sums as (
      select series_id, count(*)::int as count, min(value) as min, max(value) as max, max(step) as last_step,
             (array_agg(value order by step desc))[1] as last
        from fresh group by series_id
    )
    update series
       set count = series.count + sums.count,
           min = case when series.count = 0 then sums.min else least(series.min, sums.min) end,
           max = case when series.count = 0 then sums.max else greatest(series.max, sums.max) end,
           last = case when sums.last_step > series.last_step then sums.last else series.last end,
           last_step = greatest(series.last_step, sums.last_step)
      from sums where series.id = sums.series_id
 returning series.name as series, series.count, series.last, series.last_step as "lastStep", series.min, series.max`;
}

/** Appends lines to a run's log under the next numbers. The caller holds the run's row, so numbers have no gap. */
export async function addLog(
  tx: Transaction,
  runId: string,
  lines: readonly Omit<LogLine, 'sequence'>[],
): Promise<void> {
  if (lines.length === 0) return;
  await tx.$executeRaw`
    with counted as (
      update run set log_lines = log_lines + ${lines.length}::int where id = ${runId}::uuid
      returning log_lines - ${lines.length}::int as before
    )
    insert into log_line (run_id, sequence, at, level, message)
    select ${runId}::uuid, counted.before + line.position, line.at, line.level, line.message
      from counted,
           unnest(${lines.map((line) => line.at)}::timestamptz[], ${lines.map((line) => line.level)}::text[],
                  ${lines.map((line) => line.message)}::text[])
           with ordinality as line (at, level, message, position)`;
}

/** Takes back what an attempt that was lost had measured; its log stays. */
export async function forgetPoints(tx: Transaction, runId: string): Promise<void> {
  await tx.$executeRaw`
    delete from point where series_id in (select id from series where run_id = ${runId}::uuid)`;
  await tx.series.deleteMany({ where: { runId } });
  await tx.pointBatch.deleteMany({ where: { runId } });
}

/**
 * Moves the points of runs that have ended into chunks, once. A row of `point` costs about 90 bytes with its index, a point in a
 * chunk a tenth of that, and a chart reads a few rows instead of thousands. Against partitions: nothing has to be made ahead or
 * dropped, and `point` stays as small as what is running.
 */
export async function compactPoints(tx: Transaction, runIds: readonly string[]): Promise<void> {
  const ended = await tx.run.updateManyAndReturn({
    where: { id: { in: [...runIds] }, compacted: false, finishedAt: { not: null } },
    data: { compacted: true },
    select: { id: true },
  });
  if (ended.length === 0) return;
  const ids = ended.map((run) => run.id);
  await tx.$executeRaw`
    with moved as (
      delete from point where series_id in (select id from series where run_id = any(${ids}::uuid[]))
      returning series_id, step, value
    ), numbered as (
      select series_id, step, value,
             (row_number() over (partition by series_id order by step) - 1) / ${CHUNK}::int as chunk
        from moved
    )
    insert into point_chunk (series_id, first_step, last_step, steps, values)
    select series_id, min(step), max(step), array_agg(step order by step), array_agg(value order by step)
      from numbered group by series_id, chunk`;
  await tx.pointBatch.deleteMany({ where: { runId: { in: ids } } });
}
