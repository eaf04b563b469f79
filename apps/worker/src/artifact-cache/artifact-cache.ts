import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '@claimbench/contracts';

/** Where bytes come from when the cache does not have them. */
export type Download = (sha256: string, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>;

/**
 * Base checkpoints on this machine's disk, one file for each hash. What is handed out was hashed just now: a file that rotted
 * or was cut off is thrown away and downloaded again. Several workers may share the folder.
 */
export class ArtifactCache {
  readonly #folder: string;
  readonly #download: Download;
  readonly #underWay = new Map<string, Promise<string>>();

  constructor(folder: string, download: Download) {
    this.#folder = folder;
    this.#download = download;
  }

  /**
   * Path of the file with these bytes. Throws AppError `hash-mismatch` when the download's bytes are others, and what the
   * download throws.
   */
  async fetch(sha256: string, signal: AbortSignal): Promise<string> {
    // Runs of one experiment want the same base at once: it is downloaded once.
    const shared = this.#underWay.get(sha256);
    if (shared !== undefined) {
      try {
        return await shared;
      } catch {
        // The other run was cancelled, or met the error that this one now meets by itself.
        signal.throwIfAborted();
        return this.fetch(sha256, signal);
      }
    }
    const path = this.#obtain(sha256, signal).finally(() => this.#underWay.delete(sha256));
    this.#underWay.set(sha256, path);
    return path;
  }

  async #obtain(sha256: string, signal: AbortSignal): Promise<string> {
    const path = join(this.#folder, sha256.slice(0, 2), sha256);
    const found = await hashOfFile(path);
    if (found === sha256) return path;
    if (found !== null) await rm(path, { force: true });

    await mkdir(dirname(path), { recursive: true });
    const partial = `${path}.${randomUUID()}.partial`;
    try {
      const hash = createHash('sha256');
      const hashing = new Transform({
        transform(chunk: Uint8Array, _encoding, done) {
          hash.update(chunk);
          done(null, chunk);
        },
      });
      await pipeline(await this.#download(sha256, signal), hashing, createWriteStream(partial), { signal });
      const received = hash.digest('hex');
      if (received !== sha256)
        throw new AppError(
          'hash-mismatch',
          `expected the artifact ${sha256}, received bytes with the hash ${received}`,
        );
      await rename(partial, path);
      return path;
    } finally {
      await rm(partial, { force: true });
    }
  }
}

/** SHA-256 of a file's bytes; null when there is no such file. */
export async function hashOfFile(path: string): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  return hash.digest('hex');
}
