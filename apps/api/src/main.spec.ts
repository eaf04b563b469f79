import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@claimbench/postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EventClient } from '../test/event-client.ts';
import { type Platform, startPlatform, TOKEN } from '../test/platform.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

describe('the API as a process (built)', () => {
  let platform: Platform;
  let home: string;
  const processes: ChildProcess[] = [];
  beforeAll(async () => {
    platform = await startPlatform();
    home = await mkdtemp(join(tmpdir(), 'claimbench-main-'));
  });
  afterEach(() => {
    for (const child of processes) child.kill('SIGKILL');
  });
  afterAll(async () => {
    await platform.close();
    await rm(home, { recursive: true, force: true });
  });

  function start(env: Record<string, string | undefined>) {
    const child = spawn(process.execPath, [MAIN], {
      env: {
        PATH: process.env.PATH,
        CLAIMBENCH_HOME: home,
        CLAIMBENCH_WORKER_TOKEN: TOKEN,
        CLAIMBENCH_LOG_LEVEL: 'warn',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    processes.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    const ended = new Promise<{ code: number | null; output: string }>((resolve) =>
      child.once('close', (code) => resolve({ code, output })),
    );
    return { child, ended };
  }

  const database = () => platform.settings.DATABASE_URL ?? '';

  it.each([
    ['no database', () => ({}), /DATABASE_URL is not set/],
    [
      'no token for workers',
      () => ({ DATABASE_URL: database(), CLAIMBENCH_WORKER_TOKEN: '' }),
      /CLAIMBENCH_WORKER_TOKEN is not set/,
    ],
    [
      'a setting that is none',
      () => ({ DATABASE_URL: database(), CLAIMBENCH_API_PORT: 'many' }),
      /CLAIMBENCH_API_PORT="many"/,
    ],
    ['a database that is not there', () => ({ DATABASE_URL: `${database()}x` }), /cannot be used: .*does not exist/],
    [
      'a database that is not migrated',
      () => ({ DATABASE_URL: database().replace(/[^/]+$/, 'postgres') }),
      /lacks 1 migration\(s\), first \d+_spine: run `pnpm --filter @claimbench\/api migrate`/,
    ],
    [
      'a port that is taken',
      () => ({ DATABASE_URL: database(), CLAIMBENCH_API_PORT: new URL(platform.url).port }),
      /cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/,
    ],
  ])('refuses to start with %s, in one sentence', async (_what, env, sentence) => {
    const { code, output } = await start(env()).ended;
    expect(output).toMatch(sentence);
    expect(output.trim().split('\n').length).toBeLessThanOrEqual(2);
    expect(code).toBe(1);
  });

  it('serves, and stops in order when it is asked to', async () => {
    const port = await freePort();
    const { child, ended } = start({ DATABASE_URL: database(), CLAIMBENCH_API_PORT: String(port) });
    const url = `http://127.0.0.1:${port}`;
    const health = () =>
      fetch(`${url}/api/health`).then(
        (r) => r.status,
        () => 0,
      );
    await expect.poll(health, { timeout: 20_000 }).toBe(200);
    expect(await (await fetch(`${url}/api/openapi.json`)).json()).toMatchObject({ openapi: '3.1.0' });
    expect((await fetch(`${url}/api/docs`)).status).toBe(200);
    const client = await EventClient.open(url);
    child.kill('SIGTERM');
    await client.ended;
    expect(await ended).toMatchObject({ code: 0, output: '' });
  });
});
