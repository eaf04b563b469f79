import { ModelError } from '../../model-error.ts';
import { huggingFaceTokenizer } from '../../tokenizers/huggingface-tokenizer.ts';
import { llama2cTokenizer } from '../../tokenizers/llama2c-tokenizer.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { GgufFile } from './read.ts';
import type { GgufValue } from './values.ts';

/** What `tokenizer.ggml.token_type` says of a token. */
const TYPES = { normal: 1, unknown: 2, control: 3, byte: 6 } as const;
const BEGIN = 1;
const FIRST_BYTE = 3;
const FIRST_PIECE = FIRST_BYTE + 256;

/**
 * The tokenizer that a GGUF file carries: `llama` (SentencePiece's pairs by score, with byte tokens where Llama 2 has them) or `gpt2` (byte-level
 * merges, with the splitting of GPT-2, Llama 3 or Qwen 2). undefined for a file without one. Throws `bad-tokenizer`, naming what is not known.
 */
export function readGgufTokenizer(file: GgufFile): Tokenizer | undefined {
  const model = file.metadata.get('tokenizer.ggml.model')?.value;
  if (model === undefined || model === 'none') return undefined;
  if (model === 'llama') return scoredPieces(file);
  if (model === 'gpt2') return byteLevelMerges(file);
  throw refused(`a vocabulary of the kind '${String(model)}'; known: llama, gpt2`);
}

/** A vocabulary as llama.cpp reads it. Throws `bad-tokenizer` where the tokenizer is none of Llama 2's form. */
export function ggufVocabulary(tokenizer: Tokenizer): ReadonlyMap<string, GgufValue> {
  const json = tokenizer.toJson();
  if (json.kind !== 'llama2c') throw refused(`written are vocabularies of Llama 2's form, this one is ${json.kind}`);
  const specials = ['<unk>', '<s>', '</s>'];
  const pieces = json.pieces.map(([piece], id) => specials[id] ?? byteName(id) ?? piece.replaceAll(' ', '▁'));
  const types = pieces.map((_, id) => {
    if (id < FIRST_BYTE) return id === 0 ? TYPES.unknown : TYPES.control;
    return id < FIRST_PIECE ? TYPES.byte : TYPES.normal;
  });
  return new Map<string, GgufValue>([
    ['tokenizer.ggml.model', { type: 'string', value: 'llama' }],
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', value: pieces }],
    ['tokenizer.ggml.scores', { type: 'array', of: 'float32', value: json.pieces.map(([, score]) => score) }],
    ['tokenizer.ggml.token_type', { type: 'array', of: 'int32', value: types }],
    ['tokenizer.ggml.unknown_token_id', { type: 'uint32', value: 0 }],
    ['tokenizer.ggml.bos_token_id', { type: 'uint32', value: BEGIN }],
    ['tokenizer.ggml.eos_token_id', { type: 'uint32', value: 2 }],
    ['tokenizer.ggml.add_space_prefix', { type: 'bool', value: true }],
  ]);
}

function byteName(id: number): string | undefined {
  if (id < FIRST_BYTE || id >= FIRST_PIECE) return undefined;
  return `<0x${(id - FIRST_BYTE).toString(16).toUpperCase().padStart(2, '0')}>`;
}

function scoredPieces(file: GgufFile): Tokenizer {
  const tokens = strings(file, 'tokens');
  const scores = numbers(file, 'scores');
  if (scores.length !== tokens.length) throw refused(`${tokens.length} tokens and ${scores.length} scores`);
  if (file.metadata.get('tokenizer.ggml.add_space_prefix')?.value === false) {
    throw refused('a vocabulary of Llama 2 that puts no space before a text, which is not read here');
  }
  const begin = file.metadata.get('tokenizer.ggml.bos_token_id')?.value ?? BEGIN;
  const strange = tokens
    .slice(0, FIRST_PIECE)
    .findIndex((token, id) => byteName(id) !== undefined && byteName(id) !== token);
  if (begin !== BEGIN || strange !== -1 || tokens.length < FIRST_PIECE) {
    throw refused(
      `Llama 2's order expected (unknown, begin, end, then <0x00> to <0xFF>), found token ${Math.max(strange, 0)} '${tokens[Math.max(strange, 0)]}' and begin token ${String(begin)}`,
    );
  }
  return llama2cTokenizer(tokens.map((token, id) => [token.replaceAll('▁', ' '), scores[id]!] as const));
}

const LLAMA_3 =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** How a text is split before merges, by the names of llama.cpp (`tokenizer.ggml.pre`). */
const SPLITS: Readonly<
  Record<string, { readonly regex: string | null; readonly nfc: boolean; readonly whole: boolean }>
> = {
  'gpt-2': { regex: null, nfc: false, whole: false },
  'llama-bpe': { regex: LLAMA_3, nfc: false, whole: true },
  qwen2: { regex: LLAMA_3.replace('{1,3}', ''), nfc: true, whole: false },
};

function byteLevelMerges(file: GgufFile): Tokenizer {
  const pre = String(file.metadata.get('tokenizer.ggml.pre')?.value ?? 'gpt-2');
  const split = SPLITS[pre];
  if (split === undefined) throw refused(`a text split as '${pre}'; known: ${Object.keys(SPLITS).join(', ')}`);
  const tokens = strings(file, 'tokens');
  const types = numbers(file, 'token_type');
  if (types.length !== tokens.length) throw refused(`${tokens.length} tokens and ${types.length} types`);
  const merges = strings(file, 'merges').map((merge) => {
    const parts = merge.split(' ');
    if (parts.length !== 2) throw refused(`a merge '${merge}' that is no pair`);
    return parts;
  });
  const isAdded = (id: number) => types[id] !== TYPES.normal;
  const added = tokens.flatMap((content, id) =>
    isAdded(id) ? [{ id, content, special: types[id] === TYPES.control, ...ALONE }] : [],
  );
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: split.regex === null };
  const splits = [{ type: 'Split', pattern: { Regex: split.regex }, behavior: 'Isolated', invert: false }, byteLevel];
  const begin = file.metadata.get('tokenizer.ggml.bos_token_id')?.value;
  const name = typeof begin === 'number' ? tokens[begin] : undefined;
  return huggingFaceTokenizer(
    {
      version: '1.0',
      added_tokens: added,
      normalizer: split.nfc ? { type: 'NFC' } : null,
      pre_tokenizer: split.regex === null ? byteLevel : { type: 'Sequence', pretokenizers: splits },
      post_processor: null,
      decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: split.whole,
        vocab: Object.fromEntries(tokens.flatMap((token, id) => (isAdded(id) ? [] : [[token, id]]))),
        merges,
      },
    },
    name,
  );
}

const ALONE = { single_word: false, lstrip: false, rstrip: false, normalized: false } as const;

function strings(file: GgufFile, key: string): readonly string[] {
  const found = file.metadata.get(`tokenizer.ggml.${key}`);
  if (found?.type === 'array' && found.of === 'string') return found.value.map(String);
  throw refused(`tokenizer.ggml.${key} must be a list of strings`);
}

function numbers(file: GgufFile, key: string): readonly number[] {
  const found = file.metadata.get(`tokenizer.ggml.${key}`);
  if (found?.type === 'array' && found.value.every((value) => typeof value === 'number'))
    return found.value.map(Number);
  throw refused(`tokenizer.ggml.${key} must be a list of numbers`);
}

function refused(message: string): ModelError {
  return new ModelError('bad-tokenizer', `GGUF vocabulary: ${message}`);
}
