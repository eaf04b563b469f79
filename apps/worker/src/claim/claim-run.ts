import { AppError, type ClaimedRun } from '@claimbench/contracts';
import type { RunAttempt } from '@claimbench/queue';
import type { Logger } from 'pino';
import { untilAnswered } from '../api/retry.ts';
import type { WorkerApi } from '../api/worker-api.ts';

export interface Claimant {
  api: WorkerApi;
  worker: string;
  machine: Record<string, string | number>;
  logger: Logger;
  /** Aborted when the worker stops claiming. */
  stopping: AbortSignal;
}

/**
 * Makes the run this worker's. 'not-claimable': another worker has it, or it ended: nothing to do. 'stopping': the worker was
 * asked to stop before the API answered, and the run is still the queue's.
 */
export async function claimRun(
  { runId, attempt }: RunAttempt,
  { api, worker, machine, logger, stopping }: Claimant,
): Promise<ClaimedRun | 'not-claimable' | 'stopping'> {
  try {
    return await untilAnswered((signal) => api.claim(runId, { worker, machine }, signal), {
      signal: stopping,
      onRetry: (error, waitMs) =>
        logger.warn({ runId, waitMs: Math.round(waitMs), reason: error.message }, 'the API does not answer a claim'),
    });
  } catch (error) {
    if (stopping.aborted) return 'stopping';
    if (!(error instanceof AppError)) throw error;
    const expected = error.code === 'run-not-claimable' || error.code === 'not-found';
    logger[expected ? 'info' : 'error']({ runId, attempt, code: error.code }, `not claimed: ${error.message}`);
    return 'not-claimable';
  }
}
