import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '@claimbench/postgres';

const API = fileURLToPath(new URL('../../api/', import.meta.url));
const DATA = fileURLToPath(new URL('../../../../shared/data', import.meta.url));
export const TOKEN = 'a-token-for-the-tests';

/** The real API in its own process over a real PostgreSQL, as `npm start` runs them. */
export async function startRealApi(more: Record<string, string> = {}) {
  if (!existsSync(join(API, 'dist/main.js')))
    throw new Error('apps/api is not built: `pnpm --filter @claimbench/api build`');
  const folder = await mkdtemp(join(tmpdir(), 'claimbench-real-api-'));
  const postgres = await startPostgres({ folder: join(folder, 'postgres') });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    CLAIMBENCH_DATA_PATH: existsSync(DATA) ? DATA : '',
    ...process.env,
    DATABASE_URL: postgres.url,
    CLAIMBENCH_HOME: join(folder, 'home'),
    CLAIMBENCH_API_PORT: String(port),
    CLAIMBENCH_API_URL: url,
    CLAIMBENCH_WORKER_TOKEN: TOKEN,
    CLAIMBENCH_LOG_LEVEL: 'warn',
    ...more,
  };
  const migrated = spawnSync('node_modules/.bin/prisma', ['migrate', 'deploy'], { cwd: API, env, encoding: 'utf8' });
  if (migrated.status !== 0) throw new Error(`the migration failed: ${migrated.stderr}${migrated.stdout}`);
  const processes: ChildProcess[] = [];
  const run = (words: string[], cwd: string, its: Record<string, string | undefined>) => {
    const child = spawn(process.execPath, words, { cwd, env: its, stdio: ['ignore', 'inherit', 'inherit'] });
    processes.push(child);
    return child;
  };
  const call = async <T>(path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const api = run(['dist/main.js'], API, env);
  const deadline = performance.now() + 30_000;
  for (;;) {
    if (api.exitCode !== null) throw new Error('the API ended at its start');
    const up = await fetch(`${url}/api/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (up) break;
    if (performance.now() > deadline) throw new Error('the API did not come up');
    await new Promise((again) => setTimeout(again, 50));
  }
  return {
    folder,
    call,
    /** A worker in its own process; resolves when the API shows it. */
    startWorker: async (its: Record<string, string> = {}, entry = './worker-process.ts') => {
      const words = [fileURLToPath(new URL(entry, import.meta.url))];
      const worker = run(words, fileURLToPath(new URL('..', import.meta.url)), { ...env, ...its });
      for (;;) {
        const { workers } = await call<{ workers: { name: string }[] }>('/api/system');
        if (workers.some(({ name }) => name.endsWith(`-${worker.pid}`))) return worker;
        if (worker.exitCode !== null) throw new Error('the worker ended at its start');
        await new Promise((again) => setTimeout(again, 50));
      }
    },
    close: async () => {
      // The API last: workers give their runs back to it.
      for (const child of processes.reverse()) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const gone = once(child, 'exit');
        child.kill('SIGTERM');
        await gone;
      }
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
