import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { SafetensorsFile } from '../checkpoints/safetensors.ts';
import { isEncoderDecoder } from '../checkpoints/transformers/encoder-decoder.ts';
import { ModelError } from '../model-error.ts';
import { readJson, readTensors, readWeights } from '../node/model-folder.ts';

const Expected = z.object({
  prompt_for_generation: z.array(z.number()).optional(),
  generated: z.array(z.number()).optional(),
  loss: z.number().optional(),
  torch_f32_error: z.object({ logits: z.number() }).partial().default({}),
});

/** A model of a golden folder: its files as they are and what a trusted implementation computed from them. */
export interface ModelCase {
  readonly name: string;
  readonly folder: string;
  /** `config.json` and, where there is one, `config.v4.json`: one model written in two ways. */
  readonly configs: readonly { readonly file: string; readonly json: unknown }[];
  readonly weights: SafetensorsFile;
  readonly isEncoderDecoder: boolean;
  readonly expected: z.infer<typeof Expected>;
  readonly values: SafetensorsFile;
}

/** How a folder holds a model with its expected values: as safetensors, as GGUF, or not at all. */
export async function modelFolderKind(folder: string): Promise<'safetensors' | 'gguf' | null> {
  const files = await filesOf(folder);
  if (!['expected.json', 'expected.safetensors'].every((file) => files.includes(file))) return null;
  if (files.includes('config.json')) return 'safetensors';
  return files.some((file) => GGUF_FILE.test(file)) ? 'gguf' : null;
}

/** A GGUF file and the part of its name that tells its expected values apart (`logits.q8_0`). */
const GGUF_FILE = /^model\.(\w+)\.gguf$/;

/** The GGUF files of a folder by what stands between `model` and `gguf`. */
export async function ggufFiles(folder: string): Promise<ReadonlyMap<string, string>> {
  const found = (await filesOf(folder)).flatMap((file): [string, string][] => {
    const variant = GGUF_FILE.exec(file)?.[1];
    return variant === undefined ? [] : [[variant, join(folder, file)]];
  });
  return new Map(found);
}

export async function readModelCase(name: string, folder: string): Promise<ModelCase> {
  const files = await filesOf(folder);
  const configs = files.filter((file) => /^config.*\.json$/.test(file)).sort();
  const read = await Promise.all(configs.map(async (file) => ({ file, json: await readJson(folder, file) })));
  const expected = Expected.safeParse(await readJson(folder, 'expected.json'));
  if (!expected.success) {
    throw new ModelError('bad-checkpoint', `${name}/expected.json: ${z.prettifyError(expected.error)}`);
  }
  return {
    name,
    folder,
    configs: read,
    weights: await readWeights(folder),
    isEncoderDecoder: isEncoderDecoder(read[0]?.json),
    expected: expected.data,
    values: await readTensors(folder, 'expected.safetensors'),
  };
}

async function filesOf(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
