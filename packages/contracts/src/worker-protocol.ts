import { z } from 'zod';
import { Failure } from './errors.ts';
import { Outcome } from './outcome.ts';
import { LogLine, Point } from './run.ts';
import { RunSpec, Sha256 } from './run-spec.ts';

/**
 * What a worker says to the API. A run is claimed by compare-and-set and gets a fencing token (the attempt's number);
 * every later call carries it, and a call with an old token is answered `lease-lost` and writes nothing.
 */
export const FencingToken = z.number().int().positive();

export const ClaimRunRequest = z
  .object({ worker: z.string().min(1).max(200), machine: z.record(z.string(), z.union([z.string(), z.number()])) })
  .meta({ id: 'ClaimRunRequest' });
export type ClaimRunRequest = z.infer<typeof ClaimRunRequest>;

export const ArtifactRef = z
  .object({ name: z.string().min(1).max(200), sha256: Sha256, bytes: z.number().int().nonnegative() })
  .meta({ id: 'ArtifactRef' });
export type ArtifactRef = z.infer<typeof ArtifactRef>;

export const ClaimedRun = z
  .object({
    runId: z.string(),
    token: FencingToken,
    spec: RunSpec,
    specHash: Sha256,
    leaseSeconds: z.number().positive(),
    limits: z.object({ seconds: z.number().positive(), memoryMiB: z.number().positive() }),
    /** The trained base that a post-training run starts from. */
    base: z.object({ specHash: Sha256, checkpoint: ArtifactRef }).nullable(),
  })
  .meta({ id: 'ClaimedRun' });
export type ClaimedRun = z.infer<typeof ClaimedRun>;

export const Heartbeat = z
  .object({ token: FencingToken, progress: z.number().min(0).max(1).nullable() })
  .meta({ id: 'Heartbeat' });
export type Heartbeat = z.infer<typeof Heartbeat>;
export const HeartbeatAnswer = z
  .object({ leaseSeconds: z.number().positive(), cancel: z.boolean() })
  .meta({ id: 'HeartbeatAnswer' });
export type HeartbeatAnswer = z.infer<typeof HeartbeatAnswer>;

/** Points and log lines of one stretch; the batch number grows by one and a batch is applied once. */
export const PointBatch = z
  .object({
    token: FencingToken,
    batch: z.number().int().nonnegative(),
    points: z.array(Point).max(10_000),
    log: z.array(LogLine).max(1000).default([]),
  })
  .meta({ id: 'PointBatch' });
export type PointBatch = z.infer<typeof PointBatch>;
export const PointBatchAnswer = z.object({ applied: z.boolean() }).meta({ id: 'PointBatchAnswer' });

export const FinishRun = z
  .object({
    token: FencingToken,
    result: z.discriminatedUnion('state', [
      z.object({ state: z.literal('succeeded'), outcome: Outcome, artifacts: z.array(ArtifactRef) }),
      z.object({ state: z.literal('failed'), failure: Failure }),
      z.object({ state: z.literal('timed-out'), failure: Failure }),
      z.object({ state: z.literal('cancelled') }),
    ]),
  })
  .meta({ id: 'FinishRun' });
export type FinishRun = z.infer<typeof FinishRun>;
