import { AppError } from '@claimbench/contracts';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { namingDatabaseDown } from '../prisma/database-errors.ts';

/** Answers every error as problem+json with a code of the contracts. What has no code is logged whole and answered `internal`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #log = new Logger('problem');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const request = http.getRequest<FastifyRequest>();
    const known = toAppError(error);
    if (known.code === 'internal') this.#log.error({ err: error, url: request.url }, known.message);
    if (reply.sent) return;
    // Bytes of a body that nobody reads would stand between this answer and the next request of the connection.
    if (known.code === 'artifact-too-large') reply.header('connection', 'close');
    if (known.code === 'unauthorized') reply.header('www-authenticate', 'Bearer');
    if (known.status === 503) reply.header('retry-after', '2');
    void reply.status(known.status).type('application/problem+json').send(JSON.stringify(known.toProblem()));
  }
}

function toAppError(error: unknown): AppError {
  const named = namingDatabaseDown(error);
  if (named instanceof AppError) return named;
  if (named instanceof HttpException && named.getStatus() === 404) return new AppError('not-found', named.message);
  const status = statusOf(named);
  if (named instanceof Error && status !== null && status >= 400 && status < 500)
    return new AppError('invalid-request', named.message, { cause: named });
  return new AppError('internal', 'Something failed that should not; the log of the API tells what.', { cause: named });
}

/** Nest and Fastify give their own errors (no such route, bad JSON, body too long) a status. */
function statusOf(error: unknown): number | null {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') return error.statusCode;
  return null;
}
