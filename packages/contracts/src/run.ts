import { z } from 'zod';
import { Failure } from './errors.ts';
import { Outcome } from './outcome.ts';
import { RunSpec, Sha256 } from './run-spec.ts';
import { RunState } from './run-state.ts';

/** One number of one series at one step. Its id makes a resent batch harmless. */
export const Point = z
  .object({ series: z.string().min(1).max(64), step: z.number().int().nonnegative(), value: z.number() })
  .meta({ id: 'Point' });
export type Point = z.infer<typeof Point>;

export const AttemptView = z
  .object({
    number: z.number().int(),
    worker: z.string(),
    machine: z.record(z.string(), z.union([z.string(), z.number()])),
    claimedAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    endedAt: z.iso.datetime().nullable(),
    end: z.enum(['succeeded', 'failed', 'cancelled', 'timed-out', 'lost']).nullable(),
    failure: Failure.nullable(),
  })
  .meta({ id: 'AttemptView' });
export type AttemptView = z.infer<typeof AttemptView>;

export const RunSummary = z
  .object({
    id: z.string(),
    state: RunState,
    arm: z.string(),
    label: z.string(),
    role: z.enum(['base', 'tuning', 'judged', 'control']),
    block: z.number().int(),
    stage: z.number().int(),
    seed: z.number().int(),
    specHash: Sha256,
    technique: z.string(),
    parameters: z.record(z.string(), z.json()),
    metrics: z.record(z.string(), z.number()),
    /** 0 to 1 while it runs. */
    progress: z.number().nullable(),
    reused: z.boolean(),
    failure: Failure.nullable(),
    seconds: z.number().nullable(),
  })
  .meta({ id: 'RunSummary' });
export type RunSummary = z.infer<typeof RunSummary>;

export const SeriesSummary = z
  .object({
    series: z.string(),
    count: z.number().int(),
    last: z.number(),
    lastStep: z.number().int(),
    min: z.number(),
    max: z.number(),
  })
  .meta({ id: 'SeriesSummary' });
export type SeriesSummary = z.infer<typeof SeriesSummary>;

export const RunView = z
  .object({
    id: z.string(),
    state: RunState,
    spec: RunSpec,
    specHash: Sha256,
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    finishedAt: z.iso.datetime().nullable(),
    progress: z.number().nullable(),
    outcome: Outcome.nullable(),
    failure: Failure.nullable(),
    attempts: z.array(AttemptView),
    series: z.array(SeriesSummary),
    lineage: z.object({
      base: z.object({ id: z.string(), specHash: Sha256, state: RunState }).nullable(),
      experiments: z.array(z.object({ id: z.string(), title: z.string(), arm: z.string(), role: z.string() })),
      artifacts: z.array(z.object({ name: z.string(), sha256: Sha256, bytes: z.number().int() })),
    }),
  })
  .meta({ id: 'RunView' });
export type RunView = z.infer<typeof RunView>;

/** At most `buckets` buckets; `returned` of `count` points stand behind them ("n of N"). */
export const SeriesBuckets = z
  .object({
    series: z.string(),
    count: z.number().int(),
    buckets: z.array(
      z.object({ step: z.number(), min: z.number(), max: z.number(), mean: z.number(), count: z.number().int() }),
    ),
  })
  .meta({ id: 'SeriesBuckets' });
export type SeriesBuckets = z.infer<typeof SeriesBuckets>;

export const LogLine = z
  .object({
    sequence: z.number().int(),
    at: z.iso.datetime(),
    level: z.enum(['info', 'warn', 'error']),
    message: z.string().max(4000),
  })
  .meta({ id: 'LogLine' });
export type LogLine = z.infer<typeof LogLine>;

/** A page of a list; `next` is opaque and names the row after which to go on (keyset). */
export function page<T extends z.ZodType>(item: T, id: string) {
  return z
    .object({ items: z.array(item), next: z.string().nullable(), total: z.number().int().nullable() })
    .meta({ id });
}
export const PageQuery = z.object({
  cursor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
