import { AppError } from '@claimbench/contracts';
import type { z } from 'zod';

/** The value as its schema reads it; throws `invalid-request` that names the field. For what no decorator checks: headers. */
export function check<T>(schema: z.ZodType<T>, value: unknown, field: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.map((issue) => ({ path: field, message: issue.message }));
  throw new AppError('invalid-request', `Invalid ${field}: ${errors[0]?.message}`, { errors });
}
