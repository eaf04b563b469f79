import { LogLine } from '@claimbench/contracts';
import { z } from 'zod';
import { Buckets } from '../experiment/experiment.schemas.ts';

export const RunId = z.uuid();
export const SeriesName = z.string().min(1).max(64);

export const SeriesQuery = z.object({
  buckets: Buckets.default(200),
  /** Steps from `from` to `to`, both included. */
  from: z.coerce.number().int().nonnegative().optional(),
  to: z.coerce.number().int().nonnegative().optional(),
});
export type SeriesQuery = z.infer<typeof SeriesQuery>;

export const LogQuery = z.object({
  /** The sequence number after which to go on; lines of one run are numbered from 1 without a gap. */
  after: z.coerce.number().int().nonnegative().default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});
export type LogQuery = z.infer<typeof LogQuery>;

/** `next` is the `after` of the following page; null where no further line exists yet. */
export const LogPage = z.object({ items: z.array(LogLine), next: z.number().int().nullable() }).meta({ id: 'LogPage' });
export type LogPage = z.infer<typeof LogPage>;
