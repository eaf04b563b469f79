import { z } from 'zod';

/** Consecutive layers that are treated as one; null: all of them. `what` says as what. */
export function groupField(what: string) {
  return z
    .number()
    .int()
    .min(1)
    .max(64)
    .nullable()
    .default(null)
    .meta({ title: 'Group', description: `Consecutive layers that ${what}; empty: all of them` });
}
