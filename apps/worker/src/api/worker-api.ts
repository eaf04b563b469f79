import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import {
  AppError,
  ClaimedRun,
  type ClaimRunRequest,
  type FinishRun,
  type Heartbeat,
  HeartbeatAnswer,
  type PointBatch,
  PointBatchAnswer,
  Problem,
} from '@claimbench/contracts';
import type { z } from 'zod';
import { Unreachable } from './retry.ts';

const ANSWER_MS = 10_000;
/** An artifact may be large and the way slow; a connection that stands still breaks long before. */
const TRANSFER_MS = 600_000;

interface Call {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  path: string;
  json?: unknown;
  body?: { stream: ReadableStream; bytes: number };
  signal: AbortSignal | null;
  timeoutMs: number;
}

/**
 * The worker's side of the API. Every method throws `Unreachable` when it makes sense to call again (no connection, no answer,
 * 5xx), and AppError with the API's code when the answer is no.
 */
export class WorkerApi {
  readonly #url: string;
  readonly #token: string;

  constructor(options: { url: string; token: string }) {
    this.#url = options.url.replace(/\/+$/, '');
    this.#token = options.token;
  }

  async hello(presence: { worker: string; machine: Record<string, string | number>; running: number }): Promise<void> {
    await this.#post('/api/worker/hello', presence, null);
  }

  /** AppError `run-not-claimable`: the run is not queued (any more). */
  async claim(runId: string, request: ClaimRunRequest, signal: AbortSignal): Promise<ClaimedRun> {
    return this.#answer(ClaimedRun, await this.#post(`${runPath(runId)}/claim`, request, signal));
  }

  async start(runId: string, token: number, signal: AbortSignal): Promise<void> {
    await this.#post(`${runPath(runId)}/start`, { token }, signal);
  }

  async heartbeat(runId: string, heartbeat: Heartbeat, signal: AbortSignal): Promise<HeartbeatAnswer> {
    return this.#answer(HeartbeatAnswer, await this.#post(`${runPath(runId)}/heartbeat`, heartbeat, signal));
  }

  /** Resolves to false when the batch had been applied before. */
  async points(runId: string, batch: PointBatch, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#post(`${runPath(runId)}/points`, batch, signal);
    return (await this.#answer(PointBatchAnswer, answer)).applied;
  }

  async finish(runId: string, finish: FinishRun, signal: AbortSignal): Promise<void> {
    await this.#post(`${runPath(runId)}/finish`, finish, signal);
  }

  /** Gives the run back to the queue. */
  async release(runId: string, token: number, signal: AbortSignal): Promise<void> {
    await this.#post(`${runPath(runId)}/release`, { token }, signal);
  }

  async hasArtifact(sha256: string, signal: AbortSignal): Promise<boolean> {
    const response = await this.#send({
      method: 'HEAD',
      path: `/api/worker/artifacts/${sha256}`,
      signal,
      timeoutMs: ANSWER_MS,
    });
    if (response.status === 404) return false;
    if (response.ok) return true;
    throw await refusal(response, `HEAD artifact ${sha256}`);
  }

  /** The artifact's bytes as they come; the caller checks their hash. AppError `not-found` when there is none. */
  async downloadArtifact(sha256: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#send({
      method: 'GET',
      path: `/api/worker/artifacts/${sha256}`,
      signal,
      timeoutMs: TRANSFER_MS,
    });
    if (!response.ok) throw await refusal(response, `GET artifact ${sha256}`);
    if (response.body === null) throw new Unreachable(`the answer with artifact ${sha256} had no body`);
    return chunksOf(response.body, `GET artifact ${sha256}`, signal);
  }

  /** AppError `hash-mismatch`, `artifact-store-full` or `artifact-too-large`. */
  async uploadArtifact(artifact: { sha256: string; bytes: number; path: string }, signal: AbortSignal): Promise<void> {
    const file = createReadStream(artifact.path);
    try {
      const response = await this.#send({
        method: 'PUT',
        path: `/api/worker/artifacts/${artifact.sha256}`,
        body: { stream: Readable.toWeb(file) as ReadableStream, bytes: artifact.bytes },
        signal,
        timeoutMs: TRANSFER_MS,
      });
      if (!response.ok) throw await refusal(response, `PUT artifact ${artifact.sha256}`);
      await response.arrayBuffer();
    } finally {
      file.destroy();
    }
  }

  async #post(path: string, json: unknown, signal: AbortSignal | null): Promise<Response> {
    const response = await this.#send({ method: 'POST', path, json, signal, timeoutMs: ANSWER_MS });
    if (!response.ok) throw await refusal(response, `POST ${path}`);
    // The body is read to its end, so that the connection serves the next call.
    if (response.status === 204) await response.arrayBuffer();
    return response;
  }

  async #send(call: Call): Promise<Response> {
    const timeout = AbortSignal.timeout(call.timeoutMs);
    const headers: Record<string, string> = { authorization: `Bearer ${this.#token}` };
    if (call.json !== undefined) headers['content-type'] = 'application/json';
    if (call.body !== undefined) {
      headers['content-type'] = 'application/octet-stream';
      headers['content-length'] = String(call.body.bytes);
    }
    try {
      return await fetch(`${this.#url}${call.path}`, {
        method: call.method,
        headers,
        body: call.json === undefined ? call.body?.stream : JSON.stringify(call.json),
        ...(call.body === undefined ? {} : { duplex: 'half' }),
        signal: call.signal === null ? timeout : AbortSignal.any([call.signal, timeout]),
      } as RequestInit);
    } catch (cause) {
      call.signal?.throwIfAborted();
      throw new Unreachable(`${call.method} ${this.#url}${call.path}: ${reasonOf(cause)}`, { cause });
    }
  }

  async #answer<S extends z.ZodType>(schema: S, response: Response): Promise<z.infer<S>> {
    let body: unknown;
    try {
      body = await response.json();
    } catch (cause) {
      throw new Unreachable(`${response.url}: the answer broke off: ${reasonOf(cause)}`, { cause });
    }
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    throw new AppError(
      'internal',
      `${response.url} answered with something else than expected: ${parsed.error.message}`,
    );
  }
}

function runPath(runId: string): string {
  return `/api/worker/runs/${encodeURIComponent(runId)}`;
}

/** A body that breaks off is worth another try, like an answer that never came. */
async function* chunksOf(body: ReadableStream<Uint8Array>, what: string, signal: AbortSignal) {
  try {
    for await (const chunk of body) yield chunk;
  } catch (cause) {
    signal.throwIfAborted();
    throw new Unreachable(`${what}: the answer broke off: ${reasonOf(cause)}`, { cause });
  }
}

/** The error that an answer other than 2xx stands for. */
async function refusal(response: Response, what: string): Promise<Error> {
  const text = await response.text().catch((cause: unknown) => `(the answer broke off: ${reasonOf(cause)})`);
  let problem: Problem | null = null;
  try {
    const parsed = Problem.safeParse(JSON.parse(text));
    if (parsed.success) problem = parsed.data;
  } catch {
    // Not JSON: a proxy answered, and its text is shown below.
  }
  if (problem?.code === 'artifact-store-full') return new AppError(problem.code, problem.detail);
  if (response.status >= 500) return new Unreachable(`${what}: ${response.status} ${problem?.detail ?? text}`);
  if (problem !== null) return new AppError(problem.code, problem.detail, { errors: problem.errors });
  return new AppError(response.status === 404 ? 'not-found' : 'invalid-request', `${what}: ${response.status} ${text}`);
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? `${cause.message}: ${cause.cause.message}` : cause.message;
}
