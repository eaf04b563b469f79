import { z } from 'zod';

/**
 * Every error that a person or a program can meet has one of these codes. The text may change, the code never does.
 * HTTP status belongs to the code, so that the same mistake is answered alike wherever it is made.
 */
export const ERROR_STATUS = {
  'invalid-request': 400,
  'invalid-text-encoding': 400,
  'unknown-technique': 400,
  'unknown-subject': 400,
  'unknown-data-set': 400,
  'unknown-protocol': 404,
  'invalid-parameters': 400,
  'technique-does-not-fit': 400,
  'too-many-runs': 400,
  'backend-unavailable': 400,
  'invalid-cursor': 400,
  unauthorized: 401,
  'not-found': 404,
  'run-not-claimable': 409,
  'lease-lost': 409,
  'invalid-transition': 409,
  'hash-mismatch': 422,
  'database-unavailable': 503,
  'queue-unavailable': 503,
  'artifact-store-full': 507,
  'artifact-too-large': 413,
  internal: 500,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;
export const ErrorCode = z.enum(Object.keys(ERROR_STATUS) as [ErrorCode, ...ErrorCode[]]);

/** RFC 9457 problem details; `type` is the code as a URN, `errors` names the fields of a bad request. */
export const Problem = z
  .object({
    type: z.string(),
    code: ErrorCode,
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

/** The one error type of the platform: what was expected, what was found, what to do; with its code. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly errors: { path: string; message: string }[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { errors?: { path: string; message: string }[]; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.errors = options.errors ?? [];
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }

  toProblem(): Problem {
    return {
      type: `urn:claimbench:error:${this.code}`,
      code: this.code,
      title: this.code.replaceAll('-', ' '),
      status: this.status,
      detail: this.message,
      ...(this.errors.length > 0 ? { errors: this.errors } : {}),
    };
  }
}

/** Turns zod's issues into an AppError whose fields are named by their path. */
export function invalid(code: ErrorCode, what: string, error: z.ZodError): AppError {
  const errors = error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  const first = errors[0];
  return new AppError(code, `${what}: ${first ? `${first.path || '(root)'}: ${first.message}` : 'invalid'}`, {
    errors,
  });
}

/** Why a run ended without success. The run keeps its code and its message; nothing is retried that would fail the same way. */
export const FailureCode = z.enum([
  'diverged',
  'invalid-spec',
  'technique-does-not-fit',
  'backend-unavailable',
  'data-unavailable',
  'hash-mismatch',
  'bad-checkpoint',
  'invalid-text-encoding',
  'out-of-memory',
  'memory-limit',
  'time-limit',
  'worker-lost',
  'base-failed',
  'cancelled',
  'artifact-store-full',
  'crashed',
  'internal',
]);
export type FailureCode = z.infer<typeof FailureCode>;

export const Failure = z
  .object({
    code: FailureCode,
    message: z.string(),
    /** Training step at which it happened, where there is one. */
    step: z.number().int().optional(),
  })
  .meta({ id: 'Failure' });
export type Failure = z.infer<typeof Failure>;
