import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError, type Settings } from '@claimbench/contracts';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { SETTINGS } from '../settings/settings.module.ts';

/** Lets only those pass who present the workers' token. */
@Injectable()
export class WorkerGuard implements CanActivate {
  readonly #expected: Buffer | null;

  constructor(@Inject(SETTINGS) settings: Settings) {
    this.#expected = settings.CLAIMBENCH_WORKER_TOKEN ? digest(`Bearer ${settings.CLAIMBENCH_WORKER_TOKEN}`) : null;
  }

  canActivate(context: ExecutionContext): boolean {
    const { authorization } = context.switchToHttp().getRequest<FastifyRequest>().headers;
    if (this.#expected && authorization && timingSafeEqual(digest(authorization), this.#expected)) return true;
    throw new AppError('unauthorized', 'This call needs the header "Authorization: Bearer <CLAIMBENCH_WORKER_TOKEN>".');
  }
}

/** Digests have one length, so that comparing them takes one time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
