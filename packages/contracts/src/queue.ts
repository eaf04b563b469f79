import { z } from 'zod';

/** The one queue of runs. A job carries nothing but the run's id: Postgres owns the rest. */
export const RUN_QUEUE = 'runs';
export const RunJob = z.object({ runId: z.string() });
export type RunJob = z.infer<typeof RunJob>;
