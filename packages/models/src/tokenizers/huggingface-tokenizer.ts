import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { ModelError } from '../model-error.ts';
import { decodeBytes, type Tokenizer } from './tokenizer.ts';

/** What this package reads of a `tokenizer.json` itself; the rest is the library's. */
const TokenizerFile = z.looseObject({
  model: z.looseObject({ type: z.string().optional(), vocab: z.unknown() }),
  decoder: z.looseObject({ type: z.string() }).nullish(),
  added_tokens: z
    .array(z.looseObject({ id: z.number().int().min(0), content: z.string(), special: z.boolean() }))
    .default([]),
});

const BEGIN_TOKENS = ['<|begin_of_text|>', '<s>', '<bos>', '<|endoftext|>', '[CLS]'];

/**
 * A tokenizer as the library Tokenizers stores it (`tokenizer.json`, parsed). Byte-level BPE (GPT-2, Llama 3, Qwen) and BPE or Unigram with `▁` for
 * the space (Llama 2, Gemma): models that keep every byte of the text. The begin token is the one named, else the one that its
 * template puts first, else a usual one. Throws `bad-tokenizer`.
 */
export function huggingFaceTokenizer(json: unknown, beginName?: string): Tokenizer {
  const refuse = (message: string, cause?: unknown) =>
    new ModelError('bad-tokenizer', `tokenizer.json: ${message}`, { cause });
  const parsed = TokenizerFile.safeParse(json);
  if (!parsed.success) throw refuse(z.prettifyError(parsed.error));
  const file = parsed.data;
  let library: HuggingFaceTokenizer;
  try {
    library = new HuggingFaceTokenizer(file, {});
  } catch (cause) {
    throw refuse(`the library refuses it: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  const special = new Set(file.added_tokens.flatMap(({ id, special: isSpecial }) => (isSpecial ? [id] : [])));
  const added = new Map(file.added_tokens.map(({ id, content }) => [id, content]));
  const pieceBytes = bytesRule(JSON.stringify(file.decoder ?? null));
  if (pieceBytes === undefined) {
    throw refuse(
      `a decoder of ByteLevel, ByteFallback or Metaspace expected, found ${file.decoder?.type ?? 'none'}: its tokens do not keep the text`,
    );
  }
  const vocabularySize = 1 + Math.max(...library.get_vocab(true).values());
  const encoder = new TextEncoder();
  const bytes: Uint8Array[] = Array.from({ length: vocabularySize }, (_, id) => {
    if (special.has(id)) return new Uint8Array(0);
    const content = added.get(id);
    if (content !== undefined) return encoder.encode(content);
    return pieceBytes(library.id_to_token(id) ?? '');
  });
  const none = new Uint8Array(0);
  const bytesOf = (token: number) => bytes[token] ?? none;
  const encode = (text: string): Int32Array =>
    text === '' ? new Int32Array(0) : Int32Array.from(library.encode(text, { add_special_tokens: false }).ids);
  const probe = Array.from(encode('a'), bytesOf).reduce((sum, piece) => sum + piece.length, 0);
  const prefixBytes = probe - 1;
  if (prefixBytes !== 0 && prefixBytes !== 1) {
    throw refuse(`the text 'a' becomes tokens of ${probe} bytes; 1 expected, or 2 with a space before it`);
  }
  const beginToken = beginTokenOf(library, beginName);
  if (beginToken === undefined) {
    throw refuse(
      beginName === undefined
        ? `no begin token: its template has none, and none of ${BEGIN_TOKENS.join(' ')} is in the vocabulary; name one`
        : `the begin token '${beginName}' is not in the vocabulary`,
    );
  }
  return {
    kind: 'huggingface',
    vocabularySize,
    beginToken,
    prefixBytes,
    encode,
    bytesOf,
    decode(tokens) {
      const pieces = Array.from(tokens, bytesOf).filter((piece) => piece.length > 0);
      return decodeBytes(pieces, prefixBytes === 1 && pieces[0]?.[0] === 0x20 ? 1 : 0);
    },
    toJson: () => ({ kind: 'huggingface', file: json, ...(beginName === undefined ? {} : { begin: beginName }) }),
  };
}

function beginTokenOf(library: HuggingFaceTokenizer, name: string | undefined): number | undefined {
  if (name !== undefined) return library.token_to_id(name);
  const bare = library.encode('a', { add_special_tokens: false }).ids;
  const whole = library.encode('a', { add_special_tokens: true }).ids;
  if (whole.length > bare.length && whole[0] !== bare[0]) return whole[0];
  for (const usual of BEGIN_TOKENS) {
    const id = library.token_to_id(usual);
    if (id !== undefined) return id;
  }
  return undefined;
}

/** How a piece of the vocabulary becomes bytes, by the decoder that the file names. */
function bytesRule(decoder: string): ((piece: string) => Uint8Array) | undefined {
  if (decoder.includes('"ByteLevel"')) return byteLevelBytes;
  const encoder = new TextEncoder();
  const spaced = (piece: string) => encoder.encode(piece.replaceAll('▁', ' '));
  if (decoder.includes('"ByteFallback"')) {
    return (piece) => {
      const byte = /^<0x([0-9A-F]{2})>$/.exec(piece)?.[1];
      return byte === undefined ? spaced(piece) : Uint8Array.of(Number.parseInt(byte, 16));
    };
  }
  return decoder.includes('"Metaspace"') ? spaced : undefined;
}

/** GPT-2 writes bytes as letters: printable Latin-1 as themselves, the others from U+0100 on. */
const byteOfLetter: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 256 }, (_, byte) => byte)
    .toSorted((a, b) => Number(isPrintable(b)) - Number(isPrintable(a)) || a - b)
    .map((byte, index) => [String.fromCharCode(isPrintable(byte) ? byte : 256 + index - 188), byte]),
);

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

function byteLevelBytes(piece: string): Uint8Array {
  return Uint8Array.from(Array.from(piece), (letter) => byteOfLetter.get(letter) ?? 0);
}
