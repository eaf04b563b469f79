import { AppError } from '@claimbench/contracts';
import { Unreachable, untilAnswered } from '../api/retry.ts';
import type { WorkerApi } from '../api/worker-api.ts';
import { hashOfFile } from '../artifact-cache/artifact-cache.ts';
import type { WrittenArtifact } from '../child/messages.ts';

/**
 * Tries for an upload that breaks off although the API answers just before it. A server may close the connection on a body
 * that it will not take, and its answer is lost with it.
 */
const BROKEN_UPLOADS = 8;

/**
 * Brings one artifact into the store, unless it is there already. Throws AppError: `hash-mismatch` when the file does not hold
 * the bytes that the executor announced, and what the API says.
 */
export async function uploadArtifact(
  api: WorkerApi,
  artifact: WrittenArtifact,
  options: { signal: AbortSignal; onRetry(error: Unreachable, waitMs: number): void },
): Promise<void> {
  const found = await hashOfFile(artifact.path);
  if (found !== artifact.sha256)
    throw new AppError(
      'hash-mismatch',
      `the executor announced ${artifact.name} with the hash ${artifact.sha256} and wrote bytes with the hash ${found}`,
    );
  let broken = 0;
  await untilAnswered(async (signal) => {
    if (await api.hasArtifact(artifact.sha256, signal)) return;
    try {
      await api.uploadArtifact(artifact, signal);
    } catch (error) {
      if (error instanceof Unreachable) broken += 1;
      if (broken === BROKEN_UPLOADS)
        throw new AppError('internal', `the upload broke off ${broken} times; last: ${String(error)}`, {
          cause: error,
        });
      throw error;
    }
  }, options);
}
