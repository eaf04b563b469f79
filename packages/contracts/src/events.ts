import { z } from 'zod';
import { Failure } from './errors.ts';
import { SeriesSummary } from './run.ts';
import { ExperimentState, RunState } from './run-state.ts';
import { VerdictWord } from './verdict.ts';

/**
 * Server-sent events. Every event has a growing id; a client that reconnects with `Last-Event-ID` gets what it missed.
 * Events tell what changed, small; pages refetch what they show in detail.
 */
export const LiveEvent = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('run.changed'),
      runId: z.string(),
      experimentIds: z.array(z.string()),
      state: RunState,
      progress: z.number().nullable(),
      metrics: z.record(z.string(), z.number()),
      failure: Failure.nullable(),
    }),
    z.object({
      type: z.literal('run.points'),
      runId: z.string(),
      experimentIds: z.array(z.string()),
      series: z.array(SeriesSummary),
      progress: z.number().nullable(),
    }),
    z.object({
      type: z.literal('experiment.changed'),
      experimentId: z.string(),
      state: ExperimentState,
      stage: z.number().int(),
    }),
    z.object({ type: z.literal('verdict.reached'), experimentId: z.string(), claim: z.string(), verdict: VerdictWord }),
  ])
  .meta({ id: 'LiveEvent' });
export type LiveEvent = z.infer<typeof LiveEvent>;
