import { setTimeout as delay } from 'node:timers/promises';

/** The API did not answer, or answered that it cannot for now: the same call may be made again. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2000;

/**
 * Makes a call until it is answered: tries again after `Unreachable`, with waits that double up to 2 s and differ between
 * workers. Any other error is an answer and is thrown. Throws the signal's reason when it is aborted.
 */
export async function untilAnswered<T>(
  call: (signal: AbortSignal) => Promise<T>,
  options: { signal: AbortSignal; onRetry(error: Unreachable, waitMs: number): void },
): Promise<T> {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    options.signal.throwIfAborted();
    try {
      return await call(options.signal);
    } catch (error) {
      options.signal.throwIfAborted();
      if (!(error instanceof Unreachable)) throw error;
      const jittered = wait * (0.75 + Math.random() / 2);
      options.onRetry(error, jittered);
      await delay(jittered, undefined, { signal: options.signal }).catch(() => {
        // Aborted while waiting: said at the top of the loop.
      });
    }
  }
}
