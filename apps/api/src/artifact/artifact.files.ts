import { type FileHandle, open } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';

/** What the artifact store asks of the file system, in one place, so that a test can fill the disk. */
@Injectable()
export class ArtifactFiles {
  /** Largest artifact, in bytes. */
  readonly largest: number = 4 * 2 ** 30;

  /** A new file for writing; fails when it is there. */
  create(path: string): Promise<FileHandle> {
    return open(path, 'wx');
  }
}
