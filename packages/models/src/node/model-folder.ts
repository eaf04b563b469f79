import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import type { Checkpoint } from '../checkpoints/checkpoint.ts';
import { readGgufModel } from '../checkpoints/gguf/model.ts';
import { readGguf } from '../checkpoints/gguf/read.ts';
import { readLlama2c } from '../checkpoints/llama2c.ts';
import { readMinGpt } from '../checkpoints/mingpt.ts';
import { readSafetensors, type SafetensorsFile } from '../checkpoints/safetensors.ts';
import { joinShards, shardsOf } from '../checkpoints/sharded.ts';
import { readTransformers } from '../checkpoints/transformers/read.ts';
import { ModelError } from '../model-error.ts';

const INDEX = 'model.safetensors.index.json';

/** The weights of a folder as the transformers library writes it: one safetensors file, or shards with their index. */
export async function readWeights(folder: string): Promise<SafetensorsFile> {
  const files = await readdir(folder);
  if (files.includes('model.safetensors')) return await readTensors(folder, 'model.safetensors');
  if (!files.includes(INDEX)) {
    throw new ModelError('bad-checkpoint', `${folder} holds neither model.safetensors nor ${INDEX}`);
  }
  const index = await readJson(folder, INDEX);
  const shards = new Map<string, SafetensorsFile>();
  for (const shard of shardsOf(index)) {
    if (!files.includes(shard))
      throw new ModelError('bad-checkpoint', `${folder} lacks ${shard}, which its index names`);
    shards.set(shard, await readTensors(folder, shard));
  }
  return joinShards(index, shards);
}

export async function readTensors(folder: string, file: string): Promise<SafetensorsFile> {
  return readSafetensors(await readFile(join(folder, file)), join(folder, file));
}

export async function readJson(folder: string, file: string): Promise<unknown> {
  const path = join(folder, file);
  return jsonOf(await readFile(path), path);
}

/** The JSON of a file's bytes. Throws `bad-checkpoint` where they are none, or no UTF-8. */
export function jsonOf(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new ModelError('bad-checkpoint', `${path} is not JSON`, { cause });
  }
}

/**
 * A decoder from a folder of the transformers library (config.json and weights), or from one file: `.gguf`, llama2.c's `.bin`, or
 * minGPT's `.json`. Throws `bad-checkpoint` with what was expected.
 */
export async function readModel(path: string): Promise<Checkpoint> {
  if ((await stat(path)).isDirectory()) {
    return readTransformers(await readJson(path, 'config.json'), await readWeights(path));
  }
  const bytes = await readFile(path);
  switch (extname(path)) {
    case '.gguf':
      return readGgufModel(readGguf(bytes, path));
    case '.bin':
      return readLlama2c(bytes, path);
    case '.json':
      return readMinGpt(await readJson(dirname(path), basename(path)));
    default:
      throw new ModelError(
        'bad-checkpoint',
        `${path}: a folder, or a file that ends in .gguf, .bin or .json, is expected`,
      );
  }
}
