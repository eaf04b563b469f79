import {
  ClaimId,
  ComparisonRow,
  ExperimentState,
  ExperimentSummary,
  MetricName,
  PageQuery,
  page,
  RunState,
  RunSummary,
  SeriesBuckets,
} from '@claimbench/contracts';
import { z } from 'zod';

export const ExperimentId = z.uuid();
/** The same key with the same request gives the same experiment, however often it is sent. */
export const IdempotencyKey = z.string().min(1).max(200).optional();

export const ExperimentQuery = PageQuery.extend({
  state: ExperimentState.optional(),
  claim: ClaimId.optional(),
  q: z.string().max(200).optional(),
});
export type ExperimentQuery = z.infer<typeof ExperimentQuery>;
export const ExperimentPage = page(ExperimentSummary, 'ExperimentPage');
export type ExperimentPage = z.infer<typeof ExperimentPage>;

export const ExperimentRunQuery = PageQuery.extend({ state: RunState.optional() });
export type ExperimentRunQuery = z.infer<typeof ExperimentRunQuery>;
export const RunPage = page(RunSummary, 'RunPage');
export type RunPage = z.infer<typeof RunPage>;

export const Comparison = z
  .object({ baseline: z.string().nullable(), metric: MetricName, rows: z.array(ComparisonRow) })
  .meta({ id: 'Comparison' });
export type Comparison = z.infer<typeof Comparison>;

/** At most this many buckets stand for a series; a chart has no more pixels. */
export const Buckets = z.coerce.number().int().min(1).max(2000);

export const CurvesQuery = z.object({ series: z.string().min(1).max(64), buckets: Buckets.default(100) });
export type CurvesQuery = z.infer<typeof CurvesQuery>;

/** One series of all judged runs of an experiment, grouped by arm. */
export const Curves = z
  .object({
    series: z.string(),
    arms: z.array(
      z.object({
        arm: z.string(),
        label: z.string(),
        runs: z.array(
          z.object({
            runId: z.string(),
            block: z.number().int(),
            state: RunState,
            count: SeriesBuckets.shape.count,
            buckets: SeriesBuckets.shape.buckets,
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'Curves' });
export type Curves = z.infer<typeof Curves>;
