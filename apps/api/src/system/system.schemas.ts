import { SystemStatus } from '@claimbench/contracts';
import { z } from 'zod';

/** `status` is `up` only when database and queue are. */
export const Health = z
  .object({ status: z.enum(['up', 'down']), database: SystemStatus.shape.database, queue: SystemStatus.shape.queue })
  .meta({ id: 'Health' });
export type Health = z.infer<typeof Health>;
