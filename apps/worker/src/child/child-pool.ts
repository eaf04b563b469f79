import { setTimeout as delay } from 'node:timers/promises';
import { ExecutorUnusable, RunChild } from './run-child.ts';

/** A replacement is started when the run that took its predecessor is under way, in milliseconds. */
const REPLACE_AFTER_MS = 100;
/** A child that cannot start (no memory, no process left) is tried this often for one run. */
const TRIES = 3;
const BETWEEN_TRIES_MS = 500;

/**
 * Children that wait with the executor loaded, so that a run does not pay for the start of its process. Each serves one run
 * and is replaced by a new one.
 */
export class ChildPool {
  readonly #executor: string;
  readonly #compileCache: string;
  readonly #size: number;
  readonly #waiting: RunChild[] = [];
  #stopped = false;

  constructor(options: { executor: string; size: number; compileCache: string }) {
    this.#executor = options.executor;
    this.#compileCache = options.compileCache;
    this.#size = options.size;
    this.#fill();
  }

  /** Resolves when a first child is ready; throws `ExecutorUnusable` when the executor cannot be loaded. */
  async ready(): Promise<void> {
    const [first] = this.#waiting;
    if (first === undefined) throw new Error('the pool was stopped');
    await first.ready;
  }

  /**
   * A child that is ready for its one run, usually at once. Throws when none can be started. Its replacement is started while it runs, or
   * once it has gone, where nothing else may compute beside it.
   */
  async take({ alone = false } = {}): Promise<RunChild> {
    for (let tries = 1; ; tries += 1) {
      const child = this.#next();
      try {
        await child.ready;
        if (alone) child.exited.then(() => this.#fill());
        else setTimeout(() => this.#fill(), REPLACE_AFTER_MS).unref();
        return child;
      } catch (error) {
        child.kill();
        if (error instanceof ExecutorUnusable || tries === TRIES || this.#stopped) throw error;
        await delay(BETWEEN_TRIES_MS);
      }
    }
  }

  /** Ends the children that wait. Those that were taken belong to their runs. */
  stop(): void {
    this.#stopped = true;
    for (const child of this.#waiting.splice(0)) child.kill();
  }

  #next(): RunChild {
    if (this.#stopped) throw new Error('the pool was stopped');
    let child = this.#waiting.shift();
    // One that died while it waited tells nothing about the next.
    while (child?.gone) child = this.#waiting.shift();
    return child ?? this.#start();
  }

  #start(): RunChild {
    return new RunChild(this.#executor, this.#compileCache);
  }

  #fill(): void {
    while (!this.#stopped && this.#waiting.length < this.#size) this.#waiting.push(this.#start());
  }
}
