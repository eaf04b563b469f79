import { AppError, ErrorCode } from '@claimbench/contracts';
import { z } from 'zod';

/** How an error of the API looks on the wire (RFC 9457); other fields are not needed here. */
const Problem = z.object({ code: ErrorCode, detail: z.string().optional(), title: z.string().optional() });

/** The platform does not answer, or answers what is not Claimbench. */
export class UnreachableError extends Error {
  readonly code = 'platform-unreachable';
}

/** The API of a running Claimbench. Answers are checked against the contract, problems come as AppError. */
export class ApiClient {
  readonly #base: string;
  readonly #signal: AbortSignal;

  constructor(base: string, signal: AbortSignal) {
    this.#base = base.replace(/\/$/, '');
    this.#signal = signal;
  }

  get<T extends z.ZodType>(path: string, answer: T): Promise<z.infer<T>> {
    return this.#send('GET', path, undefined, answer);
  }

  post<T extends z.ZodType>(path: string, body: unknown, answer: T): Promise<z.infer<T>> {
    return this.#send('POST', path, body, answer);
  }

  async #send<T extends z.ZodType>(method: string, path: string, body: unknown, answer: T): Promise<z.infer<T>> {
    const url = `${this.#base}${path}`;
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        signal: this.#signal,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
    } catch (cause) {
      if (this.#signal.aborted) throw cause;
      throw new UnreachableError(
        `no Claimbench answers at ${this.#base}; start one with npm start, or name its API with --api`,
        { cause },
      );
    }
    const content: unknown = await response.json().catch(() => null);
    if (response.ok) {
      const parsed = answer.safeParse(content);
      if (parsed.success) return parsed.data;
      throw new UnreachableError(
        `${url} answers otherwise than this version of Claimbench expects: ${z.prettifyError(parsed.error)}`,
      );
    }
    const problem = Problem.safeParse(content);
    if (!problem.success) throw new UnreachableError(`${url} answers with status ${response.status} and no problem`);
    const { code, detail, title } = problem.data;
    throw new AppError(code, detail ?? title ?? `status ${response.status}`);
  }
}

/** What reads a platform and changes nothing on it. */
export type Reader = Pick<ApiClient, 'get'>;

const PAGE = 200;

/** All items of a list, page after page. */
export async function everyItem<T>(
  api: Reader,
  path: string,
  page: z.ZodType<{ items: T[]; next: string | null }>,
): Promise<T[]> {
  const all: T[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const { items, next } = await api.get(`${path}?limit=${PAGE}${query}`, page);
    all.push(...items);
    cursor = next;
  }
  return all;
}
