import { FencingToken } from '@claimbench/contracts';
import { z } from 'zod';

export const StartRun = z.object({ token: FencingToken }).meta({ id: 'StartRun' });
export type StartRun = z.infer<typeof StartRun>;

export const ReleaseRun = z.object({ token: FencingToken }).meta({ id: 'ReleaseRun' });
export type ReleaseRun = z.infer<typeof ReleaseRun>;

/** A worker's presence: who it is, on what machine, and how many runs it has in hand. */
export const WorkerHello = z
  .object({
    worker: z.string().min(1).max(200),
    machine: z.record(z.string(), z.union([z.string(), z.number()])),
    running: z.number().int().nonnegative(),
  })
  .meta({ id: 'WorkerHello' });
export type WorkerHello = z.infer<typeof WorkerHello>;
