import { AppError } from '@claimbench/contracts';

/** Codes of Prisma, kinds of its adapter, SQLSTATEs of PostgreSQL and errnos of a database that cannot be talked to right now. */
const DOWN = new Set([
  'P1001', // cannot be reached
  'P1002', // reached, but timed out
  'P1008', // operation timed out
  'P1017', // the server closed the connection
  'P2024', // no connection became free in time
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  '53300', // too_many_connections
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
]);
/** node-postgres gives these no code. */
const WORDS =
  /Connection terminated|timeout exceeded when trying to connect|Unable to start a transaction in the given time|server closed the connection/;

/** Of two transactions that waited for each other PostgreSQL ended this one; the same again succeeds. */
const CONFLICT = new Set(['P2034', 'TransactionWriteConflict', '40001', '40P01']);

/** The error as `database-unavailable` where it means that the database is away; else the error itself. */
export function namingDatabaseDown(error: unknown): unknown {
  if (error instanceof AppError) return error;
  for (const { code, message } of layers(error))
    if ((code !== null && (DOWN.has(code) || code.startsWith('08'))) || WORDS.test(message))
      return new AppError('database-unavailable', 'The database does not answer; try again in a moment.', {
        cause: error,
      });
  return error;
}

/** Whether the transaction can simply be done again. */
export function isConflict(error: unknown): boolean {
  return [...layers(error)].some(({ code }) => code !== null && CONFLICT.has(code));
}

/** What the layers (Prisma, its adapter, the driver) that wrap one another say, from the outermost. */
function* layers(error: unknown, depth = 0): Generator<{ code: string | null; message: string }> {
  if (typeof error !== 'object' || error === null || depth > 5) return;
  const fields: Record<string, unknown> = { ...error };
  const message = 'message' in error && typeof error.message === 'string' ? error.message : '';
  for (const code of [fields.code, fields.originalCode, fields.kind])
    yield { code: typeof code === 'string' ? code : null, message };
  const inner = [fields.cause, 'cause' in error ? error.cause : undefined, fields.meta, fields.driverAdapterError];
  for (const value of inner) yield* layers(value, depth + 1);
}
