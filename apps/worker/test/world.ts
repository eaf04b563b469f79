import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_TECHNIQUE, type RunSpec, readSettings } from '@claimbench/contracts';
import { startPostgres } from '@claimbench/postgres';
import { openRunQueue } from '@claimbench/queue';
import { pino } from 'pino';
import { type RunningWorker, startWorker } from '../src/worker.ts';
import { TestApi, TOKEN } from './api-server.ts';

export const EXECUTOR = new URL('./executor.ts', import.meta.url).href;

/** A run of the tests' executor: `technique` is its command, `parameters` the command's. */
export function specOf(technique: string, parameters: RunSpec['technique']['parameters'] = {}): RunSpec {
  return {
    version: 1,
    subject: { kind: 'checkpoint', name: 'of-the-tests', sha256: 'a'.repeat(64) },
    technique: technique === 'none' ? NO_TECHNIQUE : { id: technique, parameters },
    evaluation: { data: { name: 'text', sha256: 'b'.repeat(64) }, split: 'test', items: 1, windowTokens: null },
    seed: 1,
    backend: 'reference',
  };
}

/** A real queue, the API of the tests, and workers, in one folder. */
export async function openWorld(leaseSeconds: number) {
  const folder = await mkdtemp(join(tmpdir(), 'claimbench-worker-'));
  const postgres = await startPostgres({ folder: join(folder, 'postgres'), disposable: true });
  const queue = openRunQueue({ DATABASE_URL: postgres.url });
  const api = new TestApi({ leaseSeconds });
  await api.start();
  api.onQueued = (run) => {
    queue.add(run.id, run.token + 1).catch((error: unknown) => api.violations.push(String(error)));
  };
  const reconciler = setInterval(() => api.requeueLost(), 100);
  const workers: RunningWorker[] = [];
  const processes: ChildProcess[] = [];
  const logs: Record<string, unknown>[] = [];

  const env = (more: Record<string, string> = {}) => ({
    DATABASE_URL: postgres.url,
    CLAIMBENCH_HOME: join(folder, 'home'),
    CLAIMBENCH_API_URL: api.url,
    CLAIMBENCH_WORKER_TOKEN: TOKEN,
    CLAIMBENCH_WORKER_CONCURRENCY: '1',
    ...more,
  });
  const startHere = async (more: Record<string, string> = {}, executor = EXECUTOR) => {
    const logger = pino({ level: 'debug' }, { write: (line: string) => logs.push(JSON.parse(line)) });
    const worker = await startWorker({ settings: readSettings(env(more)), logger, executor });
    workers.push(worker);
    return worker;
  };
  /** A worker in its own process; resolves when the API has heard of it. */
  const startProcess = async (more: Record<string, string> = {}) => {
    const child = spawn(process.execPath, [new URL('./worker-process.ts', import.meta.url).pathname], {
      env: { ...process.env, CLAIMBENCH_LOG_LEVEL: 'warn', ...env(more) },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    processes.push(child);
    await until(() => [...api.workers.keys()].some((name) => name.endsWith(`-${child.pid}`)));
    return child;
  };
  return {
    folder,
    api,
    queue,
    logs,
    startHere,
    startProcess,
    /** Stops the workers of a story and checks what no story may leave behind. */
    settle: async () => {
      await Promise.all(workers.splice(0).map((worker) => worker.stop()));
      for (const child of processes.splice(0))
        if (child.exitCode === null && child.signalCode === null) {
          child.kill('SIGKILL');
          await once(child, 'exit');
        }
      await api.start().catch(() => {
        // It is up, as after most stories.
      });
      api.runs.clear();
      logs.length = 0;
      const violations = api.violations.splice(0);
      if (violations.length > 0) throw new Error(`the worker broke the contract:\n${violations.join('\n')}`);
    },
    close: async () => {
      clearInterval(reconciler);
      await api.stop();
      await queue.close();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits for a condition with a deadline. */
export async function until(condition: () => boolean, seconds = 20): Promise<void> {
  const deadline = performance.now() + 1000 * seconds;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${condition}`);
    await new Promise((again) => setTimeout(again, 10));
  }
}

/** Processes whose parent is this one. */
export function childrenOf(pid: number): number[] {
  const table = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' });
  return table.split('\n').flatMap((line) => {
    const [child, parent, state] = line.trim().split(/\s+/);
    return Number(parent) === pid && !state?.startsWith('Z') && /child.entry/.test(line) ? [Number(child)] : [];
  });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z');
  } catch {
    return false;
  }
}
