import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { GUARD_FD } from './guard-pipe.ts';
import { type Assignment, ChildMessage } from './messages.ts';

/** How a child's life ended. */
export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** What it last wrote to its standard error, oldest first. */
  lastErrors: string[];
  /** The machine ran out of memory during the child's life and the kernel killed some process for it. */
  kernelKilledForMemory: boolean;
}

export interface ChildListener {
  onMessage(message: ChildMessage): void;
  /** The child sent something that is not a ChildMessage. */
  onNonsense(reason: string): void;
  /** A line that it wrote to its standard output or standard error. */
  onOutput(stream: 'stdout' | 'stderr', line: string): void;
  /** Resident memory of the whole process, several times a second. */
  onMemory(bytes: number): void;
}

/** Settings that a computation has no use for. */
const SECRETS = ['CLAIMBENCH_WORKER_TOKEN', 'DATABASE_URL', 'REDIS_URL'];
/** V8 writes some twenty lines of its own after the reason. */
const LAST_ERRORS = 40;
/** A line of output without an end is cut here, in characters. */
const LONGEST_LINE = 4000;
/** Output that a dead child left in its pipes is waited for this long, in milliseconds. */
const LAST_OUTPUT_MS = 1000;

/**
 * One child process. It executes at most one run: whatever a run leaves behind (memory, module state, a corrupted heap) ends
 * with its process, so the next run starts as the first did and its memory is its own.
 */
export class RunChild {
  /** Resolves when the executor is loaded; rejects when it cannot be, or the child died before. */
  readonly ready: Promise<void>;
  /** Resolves when the process is gone. Never rejects. */
  readonly exited: Promise<ChildExit>;
  readonly #process: ChildProcess;
  readonly #lastErrors: string[] = [];
  readonly #memoryKillsBefore = kernelMemoryKills();
  #listener: ChildListener | null = null;
  #gone = false;

  /** Node keeps the compiled code of what it loads in `compileCache`, a folder. */
  constructor(executor: string, compileCache: string) {
    const inherited = Object.entries(process.env).filter(([name]) => !SECRETS.includes(name));
    const env = { ...Object.fromEntries(inherited), NODE_COMPILE_CACHE: compileCache };
    this.#process = fork(entryPath(), [executor], {
      env,
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
    });
    this.exited = this.#watchExit();
    this.ready = this.#watchReady();
    // Who takes the child hears of it; nobody may have taken it yet.
    this.ready.catch(() => {});
    this.#watchOutput();
  }

  get gone(): boolean {
    return this.#gone;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Hands over the run. Call it once, after `ready`. */
  assign(assignment: Assignment, listener: ChildListener): void {
    this.#listener = listener;
    // A child that died in between is reported by `exited`.
    this.#process.send(assignment, () => {});
  }

  /** Ends the process at once, whatever it does. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  #watchExit(): Promise<ChildExit> {
    return new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        this.#gone = true;
        resolve({
          code,
          signal,
          lastErrors: this.#lastErrors,
          kernelKilledForMemory: kernelMemoryKills() > this.#memoryKillsBefore,
        });
      };
      this.#process.once('error', (error) => {
        // It could not be started at all (no memory, no process left).
        if (this.#process.pid !== undefined) return;
        this.#lastErrors.push(error.message);
        end(null, null);
      });
      this.#process.once('exit', (code, signal) => {
        this.#gone = true;
        const timer = setTimeout(() => end(code, signal), LAST_OUTPUT_MS);
        this.#process.once('close', () => {
          clearTimeout(timer);
          end(code, signal);
        });
      });
    });
  }

  #watchReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#process.on('message', (raw: unknown) => {
        const parsed = ChildMessage.safeParse(raw);
        if (!parsed.success) this.#listener?.onNonsense(parsed.error.message);
        else if (parsed.data.type === 'ready') resolve();
        else if (parsed.data.type === 'unusable') reject(new ExecutorUnusable(parsed.data.message));
        else this.#listener?.onMessage(parsed.data);
      });
      this.exited.then((exit) => reject(new Error(`a child ended before it was ready: ${describeExit(exit)}`)));
    });
  }

  #watchOutput(): void {
    const { stdout, stderr, stdio } = this.#process;
    if (stdout) createInterface(stdout).on('line', (line) => this.#listener?.onOutput('stdout', cut(line)));
    if (stderr)
      createInterface(stderr).on('line', (line) => {
        this.#lastErrors.push(cut(line));
        if (this.#lastErrors.length > LAST_ERRORS) this.#lastErrors.shift();
        this.#listener?.onOutput('stderr', cut(line));
      });
    const guard = stdio[GUARD_FD];
    if (guard instanceof Readable) {
      guard.on('error', () => {
        // The child is gone; `exited` tells.
      });
      createInterface(guard).on('line', (line) => this.#listener?.onMemory(Number(line)));
    }
  }
}

/** The executor's module cannot be loaded: no child of this worker will ever be ready. */
export class ExecutorUnusable extends Error {
  override readonly name = 'ExecutorUnusable';
}

export function describeExit(exit: ChildExit): string {
  if (exit.signal !== null) return `killed by ${exit.signal}`;
  if (exit.code !== null) return `exit code ${exit.code}`;
  return exit.lastErrors.at(-1) ?? 'it could not be started';
}

function entryPath(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './entry.ts' : './entry.js', import.meta.url);
}

function cut(line: string): string {
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE - 1)}…` : line;
}

/** How many processes Linux has killed since boot because memory ran out; 0 where it is not told. */
function kernelMemoryKills(): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1] ?? 0);
  } catch {
    // Not Linux.
    return 0;
  }
}
