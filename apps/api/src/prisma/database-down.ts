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

/** The error as `database-unavailable` where it means that the database is away; else the error itself. */
export function namingDatabaseDown(error: unknown): unknown {
  if (error instanceof AppError || !isDown(error, 0)) return error;
  return new AppError('database-unavailable', 'The database does not answer; try again in a moment.', { cause: error });
}

/** Looks through the layers (Prisma, its adapter, the driver) that wrap one another. */
function isDown(error: unknown, depth: number): boolean {
  if (typeof error !== 'object' || error === null || depth > 5) return false;
  const fields: Record<string, unknown> = { ...error };
  if ('message' in error && typeof error.message === 'string' && WORDS.test(error.message)) return true;
  for (const code of [fields.code, fields.originalCode, fields.kind]) {
    if (typeof code === 'string' && (DOWN.has(code) || code.startsWith('08'))) return true;
  }
  const inner = [fields.cause, 'cause' in error ? error.cause : undefined, fields.meta, fields.driverAdapterError];
  return inner.some((value) => isDown(value, depth + 1));
}
