import { hash } from 'node:crypto';
import { join } from 'node:path';
import type { Backend } from '@claimbench/kernels';
import { readLlama2c } from '../checkpoints/llama2c.ts';
import { type Split, type TextDataSet, textDataSet } from '../data/data-set.ts';
import { GENERATED_TEXTS, generateText } from '../data/generated.ts';
import { NODE_DOCS, REGISTERED_FILES, type RegisteredFile } from '../data/registry.ts';
import { sha256, verifySha256 } from '../data/sha256.ts';
import { streamOfTokens, type TokenStream, tokenStream } from '../data/token-stream.ts';
import { Decoder } from '../decoder/decoder.ts';
import { ModelError } from '../model-error.ts';
import { trainBytePair } from '../tokenizers/byte-pair-trainer.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { parseLlama2cTokenizer } from '../tokenizers/llama2c-tokenizer.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { tokenizerFromJson } from '../tokenizers/tokenizer-json.ts';
import {
  type DataLocations,
  type ResolveOptions,
  readIfThere,
  resolveFile,
  resolveLocalFile,
  writeWhole,
} from './data-locations.ts';
import { extractNodeDocs } from './node-docs.ts';

/** What is wanted: a registered name, or a file in the data path. With a hash, nothing else is accepted. */
export interface DataReference {
  readonly name: string;
  readonly sha256?: string;
}

/** A data set by name. A text that is not registered needs its hash; its documents lie between blank lines. */
export async function loadDataSet(
  reference: DataReference,
  locations: DataLocations,
  options: ResolveOptions = {},
): Promise<TextDataSet> {
  const { name } = reference;
  if (name === NODE_DOCS.name) {
    expectHash(reference, NODE_DOCS.sha256);
    return textDataSet(NODE_DOCS, await nodeDocs(locations), shareOf);
  }
  const generated = GENERATED_TEXTS.find((candidate) => candidate.name === name);
  if (generated !== undefined) {
    expectHash(reference, generated.sha256);
    const bytes = generateText(generated);
    await verifySha256(bytes, generated.sha256, `the text of '${name}'`);
    return textDataSet(generated, bytes, shareOf);
  }
  const file = REGISTERED_FILES.find((candidate) => candidate.name === name);
  if (file !== undefined) {
    if (file.content.kind !== 'text')
      throw new ModelError('unknown-data-set', `'${name}' is a ${file.content.kind}, no text`);
    expectHash(reference, file.sha256);
    return textDataSet({ ...file, ...file.content }, await resolveFile(file, locations, options), shareOf);
  }
  if (reference.sha256 === undefined) {
    throw new ModelError(
      'unknown-data-set',
      `'${name}' is no registered data set; a text of your own needs its SHA-256`,
    );
  }
  const bytes = await resolveLocalFile(name, reference.sha256, locations);
  const documents = { kind: 'separator', separator: '\n\n' } as const;
  return textDataSet({ name, title: name, sha256: reference.sha256, documents, splits: 'by-hash' }, bytes, shareOf);
}

/** `hashShare` by Node's own SHA-256, several times as quick. */
function shareOf(document: string): number {
  return hash('sha256', document, 'buffer').readUInt32BE(0) / 2 ** 32;
}

/** The text from the cache, else extracted and kept there: reading is a tenth of the work. */
async function nodeDocs(locations: DataLocations): Promise<Uint8Array> {
  const path = join(locations.cacheFolder, 'data', `${NODE_DOCS.sha256.slice(0, 16)}-node-docs.txt`);
  const cached = await readIfThere(path);
  if (cached !== undefined && (await sha256(cached)) === NODE_DOCS.sha256) return cached;
  const extracted = await extractNodeDocs();
  await verifySha256(extracted, NODE_DOCS.sha256, "the text of 'node-docs'");
  await writeWhole(path, extracted);
  return extracted;
}

export type TokenizerChoice =
  | { readonly kind: 'byte' }
  | { readonly kind: 'byte-pair'; readonly vocabularySize: number };

/** Names a text and how it is cut in the cache: the same bytes under another name may have other documents and splits. */
function cutOf({ name, sha256 }: TextDataSet): string {
  return `${sha256.slice(0, 16)}-${hashOf(name).slice(0, 8)}`;
}

/** Changes whenever the trainer would learn other merges from the same text: old cache entries are then left alone. */
const TRAINER_VERSION = 1;

/** A tokenizer; byte-pair ones are trained on the training split and kept in the cache, under the text's hash, its name and their size. */
export async function loadTokenizer(
  choice: TokenizerChoice,
  dataSet: TextDataSet,
  locations: DataLocations,
): Promise<Tokenizer> {
  if (choice.kind === 'byte') return byteTokenizer();
  const { vocabularySize } = choice;
  const key = `${cutOf(dataSet)}-byte-pair-${vocabularySize}-v${TRAINER_VERSION}.json`;
  const path = join(locations.cacheFolder, 'tokenizers', key);
  const cached = await readIfThere(path);
  if (cached !== undefined) {
    const known = readCachedTokenizer(cached);
    if (known !== undefined) return known;
  }
  const tokenizer = trainBytePair(dataSet.documents('train'), vocabularySize);
  const json = JSON.stringify(tokenizer.toJson());
  await writeWhole(path, JSON.stringify({ sha256: hashOf(json), tokenizer: json }));
  return tokenizer;
}

/** Changes whenever the same text and tokenizer would give other tokens: old cache entries are then left alone. */
const TOKENS_VERSION = 1;

/** A split as tokens. They are kept in the cache, under the hashes of text and tokenizer and the text's name: cutting a text takes longer than many a short training. */
export async function loadTokenStream(
  dataSet: TextDataSet,
  split: Split,
  tokenizer: Tokenizer,
  locations: DataLocations,
): Promise<TokenStream> {
  const { vocabularySize } = tokenizer;
  const cutter = hashOf(JSON.stringify(tokenizer.toJson()));
  const key = `${cutOf(dataSet)}-${split}-${cutter.slice(0, 16)}-v${TOKENS_VERSION}.i32`;
  const path = join(locations.cacheFolder, 'tokens', key);
  const cached = await readIfThere(path);
  const known = cached && readCachedTokens(cached);
  if (known !== undefined) return streamOfTokens(known, vocabularySize);
  const stream = tokenStream(dataSet.documents(split), tokenizer);
  const bytes = new Uint8Array(stream.tokens.buffer, stream.tokens.byteOffset, stream.tokens.byteLength);
  await writeWhole(path, Buffer.concat([hash('sha256', bytes, 'buffer'), bytes]));
  return stream;
}

const HASH_BYTES = 32;

/** undefined for an entry that is damaged: it is made anew. */
function readCachedTokens(entry: Uint8Array): Int32Array | undefined {
  const bytes = Uint8Array.from(entry.subarray(HASH_BYTES));
  if (bytes.length % 4 !== 0 || !hash('sha256', bytes, 'buffer').equals(entry.subarray(0, HASH_BYTES)))
    return undefined;
  return new Int32Array(bytes.buffer);
}

/** undefined for an entry that is damaged: it is made anew. */
function readCachedTokenizer(bytes: Uint8Array): Tokenizer | undefined {
  try {
    const entry: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof entry !== 'object' || entry === null || !('tokenizer' in entry) || !('sha256' in entry))
      return undefined;
    if (typeof entry.tokenizer !== 'string' || hashOf(entry.tokenizer) !== entry.sha256) return undefined;
    return tokenizerFromJson(JSON.parse(entry.tokenizer));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ModelError) return undefined;
    throw error;
  }
}

/** A registered checkpoint with its tokenizer. */
export async function loadCheckpoint(
  reference: DataReference,
  backend: Backend,
  locations: DataLocations,
  options: ResolveOptions = {},
): Promise<{ decoder: Decoder; tokenizer: Tokenizer }> {
  const file = registered(reference.name, 'checkpoint');
  expectHash(reference, file.sha256);
  const { config, parameters } = readLlama2c(await resolveFile(file, locations, options), `checkpoint '${file.name}'`);
  const pieces = await resolveFile(registered(file.content.tokenizer, 'tokenizer'), locations, options);
  const tokenizer = parseLlama2cTokenizer(pieces);
  if (tokenizer.vocabularySize !== config.vocabularySize) {
    throw new ModelError(
      'bad-checkpoint',
      `'${file.name}' has ${config.vocabularySize} tokens, its tokenizer ${tokenizer.vocabularySize}`,
    );
  }
  return { decoder: Decoder.fromValues(backend, config, parameters), tokenizer };
}

type Content = RegisteredFile['content'];

function registered<Kind extends Content['kind']>(
  name: string,
  kind: Kind,
): RegisteredFile & { readonly content: Extract<Content, { kind: Kind }> } {
  for (const file of REGISTERED_FILES) if (file.name === name && hasKind(file, kind)) return file;
  const known = REGISTERED_FILES.filter((file) => file.content.kind === kind).map((file) => file.name);
  throw new ModelError('unknown-data-set', `'${name}' is no registered ${kind}; known: ${known.join(', ')}`);
}

function hasKind<Kind extends Content['kind']>(
  file: RegisteredFile,
  kind: Kind,
): file is RegisteredFile & { readonly content: Extract<Content, { kind: Kind }> } {
  return file.content.kind === kind;
}

function expectHash({ name, sha256 }: DataReference, pinned: string): void {
  if (sha256 !== undefined && sha256 !== pinned) {
    throw new ModelError('hash-mismatch', `'${name}' is registered with SHA-256 ${pinned}, ${sha256} was asked for`);
  }
}

function hashOf(text: string): string {
  return hash('sha256', text);
}
