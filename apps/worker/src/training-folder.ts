import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A run that nobody has gone on with for so long was ended on another machine, or never will be: a week. */
const FORGOTTEN_MS = 7 * 24 * 3600 * 1000;

/** The folder of trainings that were cut, shared by the workers of this machine. What is forgotten there is removed. */
export async function makeTrainingFolder(path: string, now = Date.now()): Promise<string> {
  await mkdir(path, { recursive: true });
  for (const name of await readdir(path)) {
    const file = join(path, name);
    const modified = (await stat(file).catch(() => null))?.mtimeMs ?? now;
    if (now - modified > FORGOTTEN_MS) await rm(file, { force: true });
  }
  return path;
}
