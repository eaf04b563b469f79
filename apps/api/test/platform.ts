import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ClaimedRun,
  ExperimentView,
  type Heartbeat,
  type Outcome,
  type Point,
  type Problem,
  RunSummary,
  readSettings,
  type Settings,
} from '@claimbench/contracts';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import pg from 'pg';
import { inject } from 'vitest';
import { appModule } from '../src/app.module.ts';
import { configure, fastify } from '../src/application.ts';
import { ExperimentPlanning } from '../src/experiment/experiment.planning.ts';
import { RacePoints } from '../src/race/race-points.ts';
import { Reconciler } from '../src/reconciler/reconciler.service.ts';
import { RunEnding } from '../src/run/run.ending.ts';
import { HeldRaces } from './held-races.ts';
import { ScriptedPlanning } from './scripted-planning.ts';

export const TOKEN = 'a-token-for-tests-only';

/** What an HTTP call answered. */
export interface Answer<T = unknown> {
  status: number;
  body: T;
  type: string | null;
  headers: Headers;
}

interface PlatformOptions {
  settings?: Record<string, string>;
  /** Uses the database and the folders of another platform: a second API process. */
  sharing?: Platform;
  override?(builder: TestingModuleBuilder): TestingModuleBuilder;
  /** The planning of packages/experiments instead of a script. */
  realPlanning?: boolean;
}

/** The API over a database of its own, reached by HTTP as everybody reaches it. */
export class Platform {
  readonly races: HeldRaces;

  constructor(
    readonly app: NestFastifyApplication,
    readonly url: string,
    readonly settings: Settings,
    private readonly cleanUp: () => Promise<void>,
  ) {
    this.races = app.get(RacePoints) as HeldRaces;
  }

  get planning(): ScriptedPlanning {
    return this.app.get(ExperimentPlanning);
  }

  get reconciler(): Reconciler {
    return this.app.get(Reconciler);
  }

  /** Waits for what follows from the ends of runs. */
  idle(): Promise<void> {
    return this.app.get(RunEnding).idle();
  }

  async call<T = unknown>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: (text === '' ? null : JSON.parse(text)) as T,
      type: response.headers.get('content-type'),
      headers: response.headers,
    };
  }

  get<T = unknown>(path: string): Promise<Answer<T>> {
    return this.call<T>('GET', path);
  }

  /** Submits a comparison that consists of what the script says. */
  async submit(more: Record<string, unknown> = {}, headers: Record<string, string> = {}): Promise<ExperimentView> {
    const answer = await this.call('POST', '/api/experiments', { ...COMPARISON, ...more }, headers);
    if (answer.status !== 201) throw new Error(`submitting answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return ExperimentView.parse(answer.body);
  }

  async submitProtocol(): Promise<ExperimentView> {
    const answer = await this.call('POST', '/api/experiments', { kind: 'protocol', protocolId: '229.4-quick' });
    if (answer.status !== 201) throw new Error(`submitting answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return ExperimentView.parse(answer.body);
  }

  async experiment(id: string): Promise<ExperimentView> {
    return ExperimentView.parse((await this.get(`/api/experiments/${id}`)).body);
  }

  async runsOf(experimentId: string): Promise<RunSummary[]> {
    const answer = await this.get<{ items: unknown[] }>(`/api/experiments/${experimentId}/runs?limit=200`);
    return answer.body.items.map((item) => RunSummary.parse(item));
  }

  /** Executes everything of an experiment that can be begun, until nothing is queued. */
  async executeAll(experiment: ExperimentView): Promise<void> {
    for (;;) {
      const open = (await this.runsOf(experiment.id)).filter((run) => run.state === 'queued');
      if (open.length === 0) return;
      for (const run of open) await this.worker().execute(run.id, { checkpoint: run.role === 'base' });
    }
  }

  worker(name = 'one'): TestWorker {
    return new TestWorker(this, name);
  }

  /** Asks the database behind the API's back. */
  async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.settings.DATABASE_URL });
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** As if the worker had been silent for longer than its lease. */
  async letLeaseRunOut(runId: string): Promise<void> {
    await this.sql(`update run set lease_until = now() - interval '1 second' where id = $1`, [runId]);
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.cleanUp();
  }
}

export const COMPARISON = {
  kind: 'comparison',
  title: 'A comparison',
  subject: { kind: 'recipe', name: 'tiny-gpt2' },
  data: 'node-docs',
  techniques: [{ id: 'round-to-nearest', grid: { bits: [8, 4] } }],
  backend: 'reference',
};

/** A worker by hand: every call is one that a real worker makes. */
export class TestWorker {
  constructor(
    private readonly platform: Platform,
    readonly name: string,
  ) {}

  call<T = unknown>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    return this.platform.call<T>(method, `/api/worker${path}`, body, { authorization: `Bearer ${TOKEN}` });
  }

  claim(runId: string): Promise<Answer<ClaimedRun & Problem>> {
    return this.call('POST', `/runs/${runId}/claim`, { worker: this.name, machine: { cores: 2 } });
  }

  start(runId: string, token: number) {
    return this.call<Problem>('POST', `/runs/${runId}/start`, { token });
  }

  heartbeat(runId: string, heartbeat: Heartbeat) {
    return this.call<{ cancel: boolean } & Problem>('POST', `/runs/${runId}/heartbeat`, heartbeat);
  }

  points(runId: string, token: number, batch: number, points: Point[], log: unknown[] = []) {
    return this.call<{ applied: boolean } & Problem>('POST', `/runs/${runId}/points`, { token, batch, points, log });
  }

  finish(runId: string, token: number, result: unknown) {
    return this.call<Problem>('POST', `/runs/${runId}/finish`, { token, result });
  }

  async putArtifact(content: Buffer, sha256 = sha256Of(content)): Promise<Answer<Problem>> {
    const response = await fetch(`${this.platform.url}/api/worker/artifacts/${sha256}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream', authorization: `Bearer ${TOKEN}` },
      body: new Uint8Array(content),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? null : JSON.parse(text),
      type: response.headers.get('content-type'),
      headers: response.headers,
    } as Answer<Problem>;
  }

  /** Claims a run and executes it to its end; a checkpoint comes with it where asked for. */
  async execute(runId: string, options: { natsPerByte?: number; checkpoint?: boolean } = {}): Promise<ClaimedRun> {
    const claimed = await this.claim(runId);
    if (claimed.status !== 200) throw new Error(`claim answered ${claimed.status}: ${JSON.stringify(claimed.body)}`);
    const { token, specHash } = claimed.body;
    await this.start(runId, token);
    const artifacts = [];
    if (options.checkpoint) {
      const content = Buffer.from(`checkpoint of ${specHash}`);
      await this.putArtifact(content);
      artifacts.push({ name: 'checkpoint', sha256: sha256Of(content), bytes: content.length });
    }
    const finished = await this.finish(runId, token, {
      state: 'succeeded',
      outcome: outcomeOf(specHash, options.natsPerByte ?? 2),
      artifacts,
    });
    if (finished.status !== 204)
      throw new Error(`finish answered ${finished.status}: ${JSON.stringify(finished.body)}`);
    await this.platform.idle();
    return claimed.body;
  }
}

export function outcomeOf(specHash: string, natsPerByte: number): Outcome {
  return {
    metrics: { natsPerByte },
    items: { metric: 'natsPerByte', values: Array.from({ length: 10 }, (_, i) => natsPerByte + i / 100) },
    diverged: null,
    timings: { seconds: 1 },
    digest: createHash('sha256').update(`${specHash}${natsPerByte}`).digest('hex'),
    environment: { backend: 'reference' },
  };
}

export function sha256Of(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Starts the API on a copy of the migrated database. The reconciler makes its rounds when the story says so. */
export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const { sharing } = options;
  const made = sharing ? null : await makeSurroundings();
  const settings =
    sharing?.settings ??
    readSettings({
      DATABASE_URL: made?.databaseUrl,
      CLAIMBENCH_HOME: made?.home,
      CLAIMBENCH_WORKER_TOKEN: TOKEN,
      CLAIMBENCH_LOG_LEVEL: process.env.CLAIMBENCH_LOG_LEVEL ?? 'silent',
      ...options.settings,
    });
  let builder = Test.createTestingModule({ imports: [appModule({ settings, reconcileEveryMs: null })] })
    .overrideProvider(RacePoints)
    .useClass(HeldRaces);
  if (!options.realPlanning) builder = builder.overrideProvider(ExperimentPlanning).useClass(ScriptedPlanning);
  if (options.override) builder = options.override(builder);
  const app = (await builder.compile()).createNestApplication<NestFastifyApplication>(fastify(), {
    bodyParser: false,
    logger: settings.CLAIMBENCH_LOG_LEVEL === 'silent' ? false : undefined,
  });
  configure(app);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return new Platform(app, await app.getUrl(), settings, async () => made?.remove());
}

async function makeSurroundings() {
  const template = new URL(inject('templateUrl'));
  const admin = new URL(template);
  admin.pathname = '/postgres';
  const database = `spec_${randomUUID().replaceAll('-', '')}`;
  await withAdmin(admin.href, `create database ${database} template ${template.pathname.slice(1)}`);
  const databaseUrl = new URL(template);
  databaseUrl.pathname = `/${database}`;
  const home = await mkdtemp(join(tmpdir(), 'claimbench-home-'));
  return {
    databaseUrl: databaseUrl.href,
    home,
    remove: async () => {
      await withAdmin(admin.href, `drop database ${database} with (force)`);
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function withAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
