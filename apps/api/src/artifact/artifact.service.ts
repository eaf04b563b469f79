import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { AppError, type Settings } from '@claimbench/contracts';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { PrismaService } from '../prisma/prisma.service.ts';
import { timeOrderedId } from '../prisma/time-ordered-id.ts';
import { SETTINGS } from '../settings/settings.module.ts';
import { ArtifactFiles } from './artifact.files.ts';

const DAY_MS = 86_400_000;
const FULL = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Files by the SHA-256 of their bytes, in CLAIMBENCH_HOME/artifacts/<first two digits>/<hash>. A file gets its name only when it
 * is whole, on the disk and hashes to it, so what can be found is right.
 */
@Injectable()
export class ArtifactService implements OnModuleInit {
  readonly #folder: string;
  readonly #incoming: string;

  constructor(
    @Inject(SETTINGS) settings: Settings,
    private readonly prisma: PrismaService,
    private readonly files: ArtifactFiles,
  ) {
    this.#folder = resolve(settings.CLAIMBENCH_HOME, 'artifacts');
    this.#incoming = join(this.#folder, 'incoming');
  }

  /** Removes what uploads left that were cut off; another API process may be writing the younger ones. */
  async onModuleInit(): Promise<void> {
    await mkdir(this.#incoming, { recursive: true });
    for (const name of await readdir(this.#incoming)) {
      const path = join(this.#incoming, name);
      const age = Date.now() - (await stat(path)).mtimeMs;
      if (age > DAY_MS) await rm(path, { force: true });
    }
  }

  /** Throws `not-found`. */
  async find(sha256: string): Promise<{ bytes: number; open(): Readable }> {
    const bytes = await this.#sizeOf(sha256);
    if (bytes === null) throw new AppError('not-found', `There is no artifact ${sha256}.`);
    return { bytes, open: () => createReadStream(this.#path(sha256)) };
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.#sizeOf(sha256)) !== null;
  }

  /** Throws `hash-mismatch`, `artifact-too-large` or `artifact-store-full`; then nothing of it stays. */
  async store(sha256: string, content: Readable): Promise<void> {
    let bytes = await this.#sizeOf(sha256);
    if (bytes === null) bytes = await this.#write(sha256, content);
    else content.resume();
    await this.prisma.artifact.createMany({ data: { sha256, bytes: BigInt(bytes) }, skipDuplicates: true });
  }

  async #write(sha256: string, content: Readable): Promise<number> {
    const incoming = join(this.#incoming, timeOrderedId());
    try {
      const file = await this.files.create(incoming);
      let written: { digest: string; bytes: number };
      try {
        written = await this.#receive(content, file);
        await file.sync();
      } finally {
        await file.close();
      }
      if (written.digest !== sha256)
        throw new AppError('hash-mismatch', `The bytes sent have the SHA-256 ${written.digest}, not ${sha256}.`);
      const path = this.#path(sha256);
      await mkdir(dirname(path), { recursive: true });
      await rename(incoming, path);
      await syncFolder(dirname(path));
      return written.bytes;
    } catch (error) {
      await rm(incoming, { force: true });
      throw isFull(error)
        ? new AppError(
            'artifact-store-full',
            `The artifact store in ${this.#folder} is full; make room and try again.`,
            {
              cause: error,
            },
          )
        : error;
    }
  }

  async #receive(content: Readable, file: FileHandle): Promise<{ digest: string; bytes: number }> {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of content as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > this.files.largest)
        throw new AppError('artifact-too-large', `An artifact has at most ${this.files.largest} bytes.`);
      hash.update(chunk);
      // A file handle may take less than it is given when the disk is nearly full.
      for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
    }
    return { digest: hash.digest('hex'), bytes };
  }

  async #sizeOf(sha256: string): Promise<number | null> {
    try {
      return (await stat(this.#path(sha256))).size;
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
  }

  #path(sha256: string): string {
    return join(this.#folder, sha256.slice(0, 2), sha256);
  }
}

/** Makes the new name last through a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && FULL.has(error.code);
}
