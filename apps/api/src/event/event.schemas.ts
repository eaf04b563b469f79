import { z } from 'zod';

/** Events of one experiment or of one run; without either, all of them. */
export const EventQuery = z.object({
  experiment: z.uuid().optional(),
  run: z.uuid().optional(),
  /** Where a client without control over headers resumes; the header Last-Event-ID comes first. */
  lastEventId: z.string().max(50).optional(),
});
export type EventQuery = z.infer<typeof EventQuery>;
