import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KernelError } from '../errors.ts';
import type { GoldenFile } from './report.ts';
import { isRecord } from './safetensors.ts';

/** The manifests of a folder: its JSON files, each with the tensor file that it names. Node only. */
export async function readGoldenFolder(folder: string): Promise<GoldenFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  const files: GoldenFile[] = [];
  for (const name of names) {
    const manifest = parse(name, await readFile(join(folder, name), 'utf8'));
    const tensors = typeof manifest.file === 'string' ? await readFile(join(folder, manifest.file)) : undefined;
    files.push({ name: name.replace(/\.json$/, ''), manifest, tensors });
  }
  return files;
}

function parse(name: string, text: string): Record<string, unknown> {
  try {
    const manifest: unknown = JSON.parse(text);
    if (isRecord(manifest)) return manifest;
  } catch (cause) {
    throw new KernelError('invalid-argument', `${name} is not JSON`, { cause });
  }
  throw new KernelError('invalid-argument', `${name} holds no manifest: a JSON object with cases`);
}
