// The process that executes one run. Its first argument names the executor's module.
import { writeFile } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Failure } from '@claimbench/contracts';
import type { Executor } from './executor.ts';
import { LONGEST_MESSAGE } from './longest-message.ts';
import type { Assignment, ChildMessage, WrittenArtifact } from './messages.ts';

// The guard comes first: from here on this process does not outlive its parent.
new Worker(new URL(import.meta.url.endsWith('.ts') ? './guard.ts' : './guard.js', import.meta.url));
// A terminal's Ctrl-C reaches the whole process group. The parent decides what becomes of the run.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const PROGRESS_MS = 100;
/** What an attempt that is cut off loses at most. Runs that train for less are never saved. */
const SAVE_TRAINING_SECONDS = 20;

function tell(message: ChildMessage): void {
  if (process.send === undefined) throw new Error('this process is started by a worker, with a channel to it');
  process.send(message);
}

async function load(): Promise<Executor> {
  const module: Partial<Executor> = await import(process.argv[2] ?? '');
  const { executeRun, failureOf } = module;
  if (typeof executeRun !== 'function' || typeof failureOf !== 'function')
    throw new Error(`${process.argv[2]} does not export executeRun and failureOf`);
  return { executeRun, failureOf };
}

async function execute(executor: Executor, assignment: Assignment): Promise<void> {
  tell({ type: 'started' });
  let lastProgress = Number.NEGATIVE_INFINITY;
  const { outcome, artifacts } = await executor.executeRun(assignment.spec, {
    dataPath: assignment.dataPath,
    cacheFolder: assignment.cacheFolder,
    download: true,
    base: assignment.basePath === null ? null : { path: assignment.basePath },
    threads: assignment.threads,
    savedTraining: { path: assignment.savedTraining, everySeconds: SAVE_TRAINING_SECONDS },
    onPoints: (points) => tell({ type: 'points', points }),
    onLog: (level, message) => tell({ type: 'log', level, message: message.slice(0, LONGEST_MESSAGE) }),
    onProgress: (share) => {
      // Called at every step; a heartbeat carries only the last.
      const now = performance.now();
      if (now - lastProgress < PROGRESS_MS) return;
      lastProgress = now;
      tell({ type: 'progress', share });
    },
    // A run is ended by ending its process, which no executor can forget to obey.
    signal: new AbortController().signal,
  });
  const written: WrittenArtifact[] = [];
  for (const { name, sha256, bytes } of artifacts) {
    const path = join(assignment.workFolder, sha256);
    await writeFile(path, bytes);
    written.push({ name, sha256, bytes: bytes.byteLength, path });
  }
  tell({ type: 'succeeded', outcome, artifacts: written, peakBytes: process.resourceUsage().maxRSS * 1024 });
}

function failure(executor: Executor, error: unknown): Failure {
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC')
    return { code: 'artifact-store-full', message: `no space is left on this worker's disk: ${error.message}` };
  if (error instanceof RangeError && /allocation failed/i.test(error.message))
    return { code: 'out-of-memory', message: error.message };
  return executor.failureOf(error);
}

let executor: Executor;
try {
  executor = await load();
  // A child is mostly killed, and then writes nothing at its end.
  flushCompileCache();
} catch (error) {
  tell({ type: 'unusable', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  throw error;
}
process.once('message', (assignment: Assignment) => {
  execute(executor, assignment).catch((error: unknown) => {
    tell({ type: 'failed', failure: failure(executor, error) });
  });
});
tell({ type: 'ready' });
