import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import {
  AppError,
  type ArtifactRef,
  ClaimRunRequest,
  type ErrorCode,
  FencingToken,
  FinishRun,
  Heartbeat,
  isTerminal,
  type LogLine,
  PointBatch,
  RUN_TRANSITIONS,
  type RunSpec,
  type RunState,
  type RunTransition,
} from '@claimbench/contracts';
import { z } from 'zod';

export const TOKEN = 'a-token-for-the-tests';

export interface TestRun {
  id: string;
  spec: RunSpec;
  state: RunState;
  token: number;
  worker: string | null;
  leaseUntil: number;
  /** How often the lease ran out or was given back. */
  requeues: number;
  cancelRequested: boolean;
  base: ArtifactRef | null;
  limits: { seconds: number; memoryMiB: number };
  /** Of the present attempt. */
  nextBatch: number;
  applied: { series: string; step: number; value: number }[];
  log: LogLine[];
  heartbeats: number;
  progress: number | null;
  result: FinishRun['result'] | null;
}

type Fault = { path: RegExp; when: 'before' | 'after'; left: number } | { path: RegExp; status: number; left: number };

/**
 * The API's worker side in memory, as strict as the contract: bodies are checked, transitions are compare-and-set, a stale token
 * changes nothing, a batch is applied once and in order, artifacts must have their hash. Anything that a worker should never do
 * is kept in `violations`. It can lose connections before or after a call took effect, refuse, and go away for a while.
 */
export class TestApi {
  readonly runs = new Map<string, TestRun>();
  readonly artifacts = new Map<string, Buffer>();
  readonly violations: string[] = [];
  readonly calls: { path: string; at: number }[] = [];
  readonly workers = new Map<string, number>();
  readonly leaseSeconds: number;
  /** Called with each run that is to be delivered (again). */
  onQueued: (run: TestRun) => void = () => {};
  #server: Server | null = null;
  #port = 0;
  readonly #sockets = new Set<Socket>();
  readonly #faults: Fault[] = [];

  constructor(options: { leaseSeconds: number }) {
    this.leaseSeconds = options.leaseSeconds;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        this.violations.push(`the test's API broke: ${String(error)}`);
        response.destroy();
      });
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Gone, with all its connections; `start` brings it back on the same port. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** The next calls to paths like this lose their connection, before or after they took effect. */
  loseConnection(path: RegExp, when: 'before' | 'after', times = 1): void {
    this.#faults.push({ path, when, left: times });
  }

  /** The next calls to paths like this are answered with this status. */
  answerWith(path: RegExp, status: number, times = 1): void {
    this.#faults.push({ path, status, left: times });
  }

  addRun(
    id: string,
    spec: RunSpec,
    options: { base?: ArtifactRef; seconds?: number; memoryMiB?: number } = {},
  ): TestRun {
    const run: TestRun = {
      id,
      spec,
      state: 'queued',
      token: 0,
      worker: null,
      leaseUntil: 0,
      requeues: 0,
      cancelRequested: false,
      base: options.base ?? null,
      limits: { seconds: options.seconds ?? 60, memoryMiB: options.memoryMiB ?? 2048 },
      nextBatch: 0,
      applied: [],
      log: [],
      heartbeats: 0,
      progress: null,
      result: null,
    };
    this.runs.set(id, run);
    this.onQueued(run);
    return run;
  }

  /** What the reconciler does: runs whose lease ran out are queued again. */
  requeueLost(): void {
    for (const run of this.runs.values())
      if ((run.state === 'claimed' || run.state === 'running') && run.leaseUntil < Date.now()) this.#requeue(run);
  }

  /** Takes the run from its worker as if its lease had run out. */
  revoke(run: TestRun): void {
    run.leaseUntil = 0;
    this.requeueLost();
  }

  #requeue(run: TestRun): void {
    this.#move(run, 'requeue');
    run.worker = null;
    run.requeues += 1;
    this.onQueued(run);
  }

  #move(run: TestRun, transition: RunTransition): void {
    const { from, to } = RUN_TRANSITIONS[transition];
    if (!(from as readonly RunState[]).includes(run.state))
      throw new AppError('invalid-transition', `${transition} from ${run.state}`);
    run.state = to;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = `${request.method} ${request.url}`;
    this.calls.push({ path, at: performance.now() });
    const fault = this.#faults.find((one) => one.path.test(path) && one.left > 0);
    if (fault !== undefined) fault.left -= 1;
    if (fault && 'when' in fault && fault.when === 'before') return void request.socket.destroy();
    if (fault && 'status' in fault) return void response.writeHead(fault.status).end('an answer of the test');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    let status = 204;
    let body: unknown;
    try {
      [status, body] = this.#answer(request, Buffer.concat(chunks));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (error.code === 'invalid-request') this.violations.push(`${path}: ${error.message}`);
      status = error.status;
      body = error.toProblem();
    }
    if (fault && 'when' in fault) return void request.socket.destroy();
    if (body instanceof Buffer) response.writeHead(status, { 'content-type': 'application/octet-stream' }).end(body);
    else if (body === undefined) response.writeHead(status).end();
    else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  #answer(request: IncomingMessage, body: Buffer): [number, unknown?] {
    if (request.headers.authorization !== `Bearer ${TOKEN}`) throw new AppError('unauthorized', 'wrong token');
    const url = request.url ?? '';
    if (url === '/api/worker/hello') {
      const hello = parse(
        z.strictObject({
          worker: z.string(),
          machine: z.record(z.string(), z.union([z.string(), z.number()])),
          running: z.number().int(),
        }),
        body,
      );
      this.workers.set(hello.worker, hello.running);
      return [204];
    }
    const artifact = /^\/api\/worker\/artifacts\/([0-9a-f]{64})$/.exec(url)?.[1];
    if (artifact !== undefined) return this.#artifact(request.method ?? '', artifact, body);
    const [, id, action] = /^\/api\/worker\/runs\/([^/]+)\/(\w+)$/.exec(url) ?? [];
    const run = this.runs.get(decodeURIComponent(id ?? ''));
    if (run === undefined) throw new AppError('not-found', `no run ${id}`);
    switch (action) {
      case 'claim':
        return this.#claim(run, parse(ClaimRunRequest, body));
      case 'start':
        this.#fence(run, parse(Token, body).token);
        if (run.state === 'claimed') this.#move(run, 'start');
        return [204];
      case 'heartbeat': {
        const beat = parse(Heartbeat, body);
        this.#fence(run, beat.token);
        run.leaseUntil = Date.now() + 1000 * this.leaseSeconds;
        run.heartbeats += 1;
        run.progress = beat.progress;
        return [200, { leaseSeconds: this.leaseSeconds, cancel: run.cancelRequested }];
      }
      case 'points':
        return this.#points(run, parse(PointBatch, body));
      case 'finish':
        return this.#finish(run, parse(FinishRun, body));
      case 'release':
        this.#fence(run, parse(Token, body).token);
        this.#requeue(run);
        return [204];
      default:
        throw new AppError('not-found', `no ${action}`);
    }
  }

  #claim(run: TestRun, request: ClaimRunRequest): [number, unknown] {
    const again = run.state === 'claimed' && run.worker === request.worker;
    if (run.state !== 'queued' && !again) throw new AppError('run-not-claimable', `the run is ${run.state}`);
    if (!again) {
      this.#move(run, 'claim');
      run.token += 1;
      run.worker = request.worker;
      Object.assign(run, { nextBatch: 0, applied: [], log: [], heartbeats: 0, progress: null });
    }
    run.leaseUntil = Date.now() + 1000 * this.leaseSeconds;
    const base = run.base === null ? null : { specHash: '0'.repeat(64), checkpoint: run.base };
    const { spec, token, limits } = run;
    return [
      200,
      { runId: run.id, token, spec, specHash: '0'.repeat(64), leaseSeconds: this.leaseSeconds, limits, base },
    ];
  }

  #fence(run: TestRun, token: number): void {
    if (token !== run.token || (run.state !== 'claimed' && run.state !== 'running'))
      throw new AppError('lease-lost', `token ${token} of a run that is ${run.state} with token ${run.token}`);
  }

  #points(run: TestRun, batch: PointBatch): [number, unknown] {
    this.#fence(run, batch.token);
    if (run.state !== 'running') throw new AppError('invalid-request', 'points before the start');
    if (batch.batch < run.nextBatch) return [200, { applied: false }];
    if (batch.batch > run.nextBatch)
      throw new AppError('invalid-request', `expected batch ${run.nextBatch}, found ${batch.batch}`);
    run.nextBatch += 1;
    run.applied.push(...batch.points);
    run.log.push(...batch.log);
    return [200, { applied: true }];
  }

  #finish(run: TestRun, { token, result }: FinishRun): [number] {
    if (token === run.token && isTerminal(run.state) && run.state === result.state) return [204];
    this.#fence(run, token);
    if (result.state === 'succeeded')
      for (const { sha256 } of result.artifacts)
        if (!this.artifacts.has(sha256)) throw new AppError('invalid-request', `the artifact ${sha256} is not there`);
    const transitions = { succeeded: 'succeed', failed: 'fail', 'timed-out': 'timeOut', cancelled: 'cancel' } as const;
    this.#move(run, transitions[result.state]);
    run.result = result;
    return [204];
  }

  #artifact(method: string, sha256: string, body: Buffer): [number, unknown?] {
    const stored = this.artifacts.get(sha256);
    if (method === 'PUT') {
      if (createHash('sha256').update(body).digest('hex') !== sha256)
        throw new AppError('hash-mismatch', 'other bytes');
      this.artifacts.set(sha256, body);
      return [201];
    }
    if (stored === undefined) throw new AppError('not-found' satisfies ErrorCode, `no artifact ${sha256}`);
    return method === 'HEAD' ? [200] : [200, stored];
  }
}

const Token = z.strictObject({ token: FencingToken });

function parse<S extends z.ZodType>(schema: S, body: Buffer): z.infer<S> {
  const parsed = schema.safeParse(JSON.parse(body.toString('utf8')));
  if (!parsed.success) throw new AppError('invalid-request', parsed.error.message);
  return parsed.data;
}
