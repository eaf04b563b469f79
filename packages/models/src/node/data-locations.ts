import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, sep } from 'node:path';
import { throwIfCancelled } from '../cancelled.ts';
import type { RegisteredFile } from '../data/registry.ts';
import { verifySha256 } from '../data/sha256.ts';
import { ModelError } from '../model-error.ts';

/** Where files are looked for, in this order: the folders, the cache, and, where it is allowed, the network. */
export interface DataLocations {
  readonly dataPath: readonly string[];
  readonly cacheFolder: string;
  readonly download: boolean;
}

export interface ResolveOptions {
  readonly signal?: AbortSignal;
}

/**
 * Bytes of a registered file, verified: from a folder of the data path (at its registered path, or by its name alone in the folder),
 * from the cache, or downloaded into it. Throws `data-unavailable` with every place that was tried, `hash-mismatch` when a
 * file at its registered path is another one.
 */
export async function resolveFile(
  file: Pick<RegisteredFile, 'name' | 'sha256' | 'path' | 'url'>,
  locations: DataLocations,
  options: ResolveOptions = {},
): Promise<Uint8Array> {
  const tried: string[] = [];
  for (const folder of locations.dataPath) {
    const registered = join(folder, file.path);
    const bytes = await readIfThere(registered);
    if (bytes !== undefined) {
      await verifySha256(bytes, file.sha256, registered);
      return bytes;
    }
    const byName = await readIfThere(join(folder, basename(file.path)));
    if (byName !== undefined && hashOf(byName) === file.sha256) return byName;
    tried.push(registered);
  }
  const cached = cachedPath(file, locations);
  const bytes = await readIfThere(cached);
  if (bytes !== undefined && hashOf(bytes) === file.sha256) return bytes;
  tried.push(cached);
  const hint = `looked at ${tried.join(', ')}`;
  if (file.url === null) {
    throw new ModelError(
      'data-unavailable',
      `'${file.name}' is not on this machine and has no address to download from; ${hint}; put its folder into CLAIMBENCH_DATA_PATH`,
    );
  }
  if (!locations.download) {
    throw new ModelError('data-unavailable', `'${file.name}' is not on this machine and downloads are off; ${hint}`);
  }
  const downloaded = await download(file.name, file.url, options.signal);
  await verifySha256(downloaded, file.sha256, file.url);
  await writeWhole(cached, downloaded);
  return downloaded;
}

/**
 * A file of one's own in the data path by its relative path and hash. Throws `unknown-data-set` when it is in no folder, or its name
 * leads out of one.
 */
export async function resolveLocalFile(name: string, sha256: string, locations: DataLocations): Promise<Uint8Array> {
  const relative = normalize(name);
  if (!isAbsolute(relative) && relative !== '..' && !relative.startsWith(`..${sep}`)) {
    for (const folder of locations.dataPath) {
      const bytes = await readIfThere(join(folder, relative));
      if (bytes === undefined) continue;
      await verifySha256(bytes, sha256, join(folder, relative));
      return bytes;
    }
  }
  const folders = locations.dataPath.length === 0 ? 'it is empty' : locations.dataPath.join(', ');
  throw new ModelError(
    'unknown-data-set',
    `'${name}' is no registered data set and no file in CLAIMBENCH_DATA_PATH (${folders})`,
  );
}

/** undefined where there is no such file; anything else that goes wrong throws. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
    throw error;
  }
}

/** Writes a file so that nobody ever sees half of it, whoever else writes the same. */
export async function writeWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(partial, bytes);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

function cachedPath(file: Pick<RegisteredFile, 'sha256' | 'path'>, locations: DataLocations): string {
  return join(locations.cacheFolder, 'data', `${file.sha256.slice(0, 16)}-${basename(file.path)}`);
}

async function download(name: string, url: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  throwIfCancelled(signal);
  try {
    const response = await fetch(url, { signal: signal ?? null });
    if (!response.ok) throw new Error(`HTTP status ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throwIfCancelled(signal);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ModelError(
      'data-unavailable',
      `'${name}' could not be downloaded from ${url} (${reason}); put the file into a folder of CLAIMBENCH_DATA_PATH`,
      { cause },
    );
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
