import { setTimeout as delay } from 'node:timers/promises';
import { AppError, type HeartbeatAnswer } from '@claimbench/contracts';
import { Unreachable } from '../api/retry.ts';

/** Cancelling, progress and the memory curve are as fresh as this, in milliseconds. */
const LONGEST_INTERVAL_MS = 1000;

export interface HeartbeatOptions {
  leaseSeconds: number;
  /** One heartbeat. Throws AppError when the API says no, `Unreachable` when it was not reached. */
  beat(signal: AbortSignal): Promise<HeartbeatAnswer>;
  onCancel(): void;
  /** The API says that the run is no longer this worker's. */
  onLost(error: AppError): void;
  onUnreachable(reason: string): void;
  /** Ends the heartbeats. */
  signal: AbortSignal;
}

/**
 * Renews the lease of one run, at least three times in its length, until the signal ends it. It runs in the parent's event
 * loop, so it goes on while the child computes. A heartbeat that is not answered is followed by the next one, for as long as
 * the run lasts: whether the lease still holds is for the API to say.
 */
export async function renewLease(options: HeartbeatOptions): Promise<void> {
  let leaseSeconds = options.leaseSeconds;
  while (!options.signal.aborted) {
    const intervalMs = Math.min(Math.ceil((1000 * leaseSeconds) / 3), LONGEST_INTERVAL_MS);
    await delay(intervalMs, undefined, { signal: options.signal }).catch(() => {
      // Ended while waiting: said by the line below.
    });
    if (options.signal.aborted) return;
    const patience = AbortSignal.timeout(Math.ceil((1000 * leaseSeconds) / 3));
    try {
      const answer = await options.beat(AbortSignal.any([options.signal, patience]));
      leaseSeconds = answer.leaseSeconds;
      if (answer.cancel) options.onCancel();
    } catch (error) {
      if (options.signal.aborted) return;
      if (error instanceof AppError) return options.onLost(error);
      if (error instanceof Unreachable) options.onUnreachable(error.message);
      else if (patience.aborted) options.onUnreachable(`no answer within a third of the lease of ${leaseSeconds} s`);
      else throw error;
    }
  }
}
