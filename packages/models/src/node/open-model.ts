import { readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import type { Backend } from '@claimbench/kernels';
import type { Checkpoint } from '../checkpoints/checkpoint.ts';
import { readGgufModel } from '../checkpoints/gguf/model.ts';
import { readGguf } from '../checkpoints/gguf/read.ts';
import { readGgufTokenizer } from '../checkpoints/gguf/vocabulary.ts';
import { decodeModel, isModelFile } from '../checkpoints/model-file.ts';
import { Decoder } from '../decoder/decoder.ts';
import { computeOnIntegers } from '../decoder/integer-block-linear.ts';
import { ModelError } from '../model-error.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { huggingFaceTokenizer } from '../tokenizers/huggingface-tokenizer.ts';
import { parseLlama2cTokenizer } from '../tokenizers/llama2c-tokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { tokenizerFromJson } from '../tokenizers/tokenizer-json.ts';
import { jsonOf, readModel } from './model-folder.ts';

/** A model as it was found: what can be computed with it, and where it comes from. */
export interface OpenedModel {
  readonly decoder: Decoder;
  readonly tokenizer: Tokenizer;
  readonly format: 'claimbench' | 'gguf' | 'llama2c' | 'mingpt' | 'transformers';
}

export interface OpenOptions {
  /** Computes on the integers that the checkpoint stores (`computeOnIntegers`) in place of the floats that they mean. */
  readonly onIntegers?: boolean;
}

/** A checkpoint with the tokenizer that lies with it, if any. */
interface Found extends Checkpoint {
  /** Read only where nobody names another. */
  readTokenizer(): Promise<Tokenizer | undefined>;
  readonly format: OpenedModel['format'];
}

/**
 * Opens a model from disk, whatever its form: a folder of transformers (`config.json`, safetensors in one file or in shards), a model file
 * of ours, GGUF, a llama2.c checkpoint, or minGPT's JSON. `tokenizerPath` names a `tokenizer.json`, a llama2.c `tokenizer.bin`, or is `byte`; without it the
 * tokenizer lies with the model. Throws `data-unavailable` (with what was looked for), `bad-checkpoint`, `bad-tokenizer`.
 */
export async function openModel(
  path: string,
  backend: Backend,
  tokenizerPath?: string,
  options: OpenOptions = {},
): Promise<OpenedModel> {
  const { readTokenizer, ...found } = await findModel(path);
  const { config, format } = found;
  const tokenizer = await (tokenizerPath === undefined ? readTokenizer() : openTokenizer(tokenizerPath));
  if (tokenizer === undefined) {
    throw new ModelError(
      'data-unavailable',
      `no tokenizer lies with ${path} (tokenizer.json, tokenizer.bin beside a llama2.c checkpoint, or a vocabulary in a GGUF file): name one`,
    );
  }
  if (tokenizer.vocabularySize > config.vocabularySize) {
    throw new ModelError(
      'bad-tokenizer',
      `the tokenizer has ${tokenizer.vocabularySize} tokens, ${path} only ${config.vocabularySize}: it belongs to another model`,
    );
  }
  return { decoder: decoderOf(found, backend, options), tokenizer, format };
}

/** As `openModel`, without a tokenizer: what another model is compared with. Throws `data-unavailable`, `bad-checkpoint`. */
export async function openDecoder(path: string, backend: Backend, options: OpenOptions = {}): Promise<Decoder> {
  return decoderOf(await findModel(path), backend, options);
}

function decoderOf({ config, parameters, integers }: Checkpoint, backend: Backend, options: OpenOptions): Decoder {
  const decoder = Decoder.fromValues(backend, config, parameters);
  if (!options.onIntegers) return decoder;
  try {
    computeOnIntegers(decoder, integers?.());
    return decoder;
  } catch (error) {
    decoder.dispose();
    throw error;
  }
}

/** A tokenizer from its file: `tokenizer.json` of the library Tokenizers or of ours, llama2.c's `tokenizer.bin`; `byte`: one token a byte. */
export async function openTokenizer(path: string): Promise<Tokenizer> {
  if (path === 'byte') return byteTokenizer();
  const bytes = await readRequired(path);
  if (extname(path) === '.bin') return parseLlama2cTokenizer(bytes);
  const json = jsonOf(bytes, path);
  const ours = typeof json === 'object' && json !== null && 'kind' in json;
  return ours ? tokenizerFromJson(json) : huggingFaceTokenizer(json);
}

async function findModel(path: string): Promise<Found> {
  if (extname(path) === '.safetensors') {
    const bytes = await readRequired(path);
    if (!isModelFile(bytes)) {
      throw new ModelError('bad-checkpoint', `${path} is no model file of ours: name the folder with its config.json`);
    }
    const { config, parameters, tokenizer } = decodeModel(bytes);
    return { config, parameters, readTokenizer: async () => tokenizer, format: 'claimbench' };
  }
  if (extname(path) === '.gguf') {
    const file = readGguf(await readRequired(path), path);
    const readTokenizer = async () => readGgufTokenizer(file) ?? (await jsonTokenizer(dirname(path)));
    return { ...readGgufModel(file), readTokenizer, format: 'gguf' };
  }
  const checkpoint = await readModel(path).catch((cause: unknown) => {
    throw cause instanceof ModelError ? cause : unavailable(path, cause);
  });
  return { ...checkpoint, ...beside(path) };
}

/** What the name of a model says of its form, and the tokenizer that lies with it. */
function beside(path: string): Pick<Found, 'format' | 'readTokenizer'> {
  switch (extname(path)) {
    case '.bin':
      return { format: 'llama2c', readTokenizer: () => binaryTokenizer(join(dirname(path), 'tokenizer.bin')) };
    case '.json':
      return { format: 'mingpt', readTokenizer: async () => undefined };
    default:
      return { format: 'transformers', readTokenizer: () => jsonTokenizer(path) };
  }
}

async function binaryTokenizer(path: string): Promise<Tokenizer | undefined> {
  const bytes = await readOptional(path);
  return bytes && parseLlama2cTokenizer(bytes);
}

async function jsonTokenizer(folder: string): Promise<Tokenizer | undefined> {
  const path = join(folder, 'tokenizer.json');
  const bytes = await readOptional(path);
  return bytes && huggingFaceTokenizer(jsonOf(bytes, path));
}

async function readRequired(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw unavailable(path, cause);
  }
}

async function readOptional(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw unavailable(path, error);
  }
}

function unavailable(path: string, cause: unknown): ModelError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ModelError('data-unavailable', `${path} cannot be read: ${reason}`, { cause });
}
