import { AppError } from '@claimbench/contracts';
import type { FastifyInstance } from 'fastify';

/** Longest JSON body, in bytes: ten times the largest batch of points and log lines. */
export const LONGEST_BODY = 16 << 20;
const utf8 = new TextDecoder('utf-8', { fatal: true });
/** Such a key would become the prototype of whatever object the body is copied into. */
const PROTOTYPE = /"__proto__"\s*:/;
/** PostgreSQL stores no NUL; the escape counts when its backslash is not itself escaped. */
const NUL = /(?<!\\)(?:\\\\)*\\u0000/;

/**
 * Reads JSON bodies strictly: bytes that are not UTF-8 are refused instead of being replaced. Bodies of artifacts are handed on
 * as a stream. Any other content type is refused by Fastify.
 */
export function readBodies(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: LONGEST_BODY },
    async (_request: unknown, bytes: Buffer) => {
      if (bytes.length === 0) return undefined;
      let text: string;
      try {
        text = utf8.decode(bytes);
      } catch (cause) {
        throw new AppError('invalid-text-encoding', 'The body is not UTF-8.', { cause });
      }
      if (NUL.test(text)) throw new AppError('invalid-text-encoding', 'The body holds a NUL character (\\u0000).');
      if (PROTOTYPE.test(text)) throw new AppError('invalid-request', 'The body has a key "__proto__".');
      try {
        return JSON.parse(text);
      } catch (cause) {
        throw new AppError('invalid-request', `The body is not JSON: ${cause instanceof Error ? cause.message : ''}`, {
          cause,
        });
      }
    },
  );
}
