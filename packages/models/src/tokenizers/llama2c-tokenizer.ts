import { ModelError } from '../model-error.ts';
import { noBytes } from './byte-tokenizer.ts';
import { decodeBytes, type Tokenizer } from './tokenizer.ts';

type Piece = readonly [piece: string, score: number];

const BEGIN = 1;
const FIRST_BYTE_TOKEN = 3;
/** `<unk>`, `<s>`, `</s>`, then `<0x00>` to `<0xFF>`. */
const FIRST_PIECE = FIRST_BYTE_TOKEN + 256;
const LONGEST_PIECE = 1024;

/**
 * Reads llama2.c's `tokenizer.bin`: int32 length of the longest piece, then float32 score, int32 length and bytes of each piece,
 * little-endian, to the end of the file. Throws `bad-tokenizer`, naming the byte.
 */
export function parseLlama2cTokenizer(bytes: Uint8Array): Tokenizer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const pieces: Piece[] = [];
  for (let at = 4; at < bytes.byteLength; ) {
    const refuse = (what: string, cause?: unknown) =>
      new ModelError('bad-tokenizer', `llama2.c tokenizer: ${what} at byte ${at} (piece ${pieces.length})`, { cause });
    if (at + 8 > bytes.byteLength) throw refuse('the file ends inside a piece');
    const score = view.getFloat32(at, true);
    const length = view.getInt32(at + 4, true);
    if (length < 0 || length > LONGEST_PIECE) throw refuse(`a piece of ${length} bytes`);
    if (at + 8 + length > bytes.byteLength) throw refuse('the file ends inside a piece');
    try {
      pieces.push([text.decode(bytes.subarray(at + 8, at + 8 + length)), score]);
    } catch (cause) {
      throw refuse('a piece that is not UTF-8', cause);
    }
    at += 8 + length;
  }
  return llama2cTokenizer(pieces);
}

/**
 * The tokenizer of Llama 2 as llama2.c computes it: a space before the text, one token a character (or its bytes), then of all
 * neighbouring pairs that make a piece the one with the best score is joined, leftmost first.
 */
export function llama2cTokenizer(pieces: readonly Piece[]): Tokenizer {
  if (pieces.length < FIRST_PIECE) {
    throw new ModelError('bad-tokenizer', `llama2.c tokenizer: at least ${FIRST_PIECE} pieces, found ${pieces.length}`);
  }
  const ids = new Map(pieces.map(([piece], id) => [piece, id]));
  const encoder = new TextEncoder();
  const bytes = pieces.map(([piece], id) => {
    if (id < FIRST_BYTE_TOKEN) return noBytes;
    return id < FIRST_PIECE ? Uint8Array.of(id - FIRST_BYTE_TOKEN) : encoder.encode(piece);
  });
  // Where no piece has a space after another sign, words are joined independently of each other.
  const splits = pieces.every(([piece], id) => id < FIRST_PIECE || !/[^ ] /.test(piece));
  const known = new Map<string, readonly number[]>();

  function join(text: string): readonly number[] {
    const cached = known.get(text);
    if (cached !== undefined) return cached;
    const tokens = Array.from(text).flatMap((character) => {
      const id = ids.get(character);
      return id !== undefined ? [id] : Array.from(encoder.encode(character), (byte) => byte + FIRST_BYTE_TOKEN);
    });
    for (;;) {
      let best = Number.NEGATIVE_INFINITY;
      let at = -1;
      let into = -1;
      for (let index = 0; index + 1 < tokens.length; index++) {
        const id = ids.get(pieces[tokens[index]!]![0] + pieces[tokens[index + 1]!]![0]);
        if (id !== undefined && pieces[id]![1] > best) {
          best = pieces[id]![1];
          at = index;
          into = id;
        }
      }
      if (at < 0) break;
      tokens.splice(at, 2, into);
    }
    if (known.size < CACHED_WORDS) known.set(text, tokens);
    return tokens;
  }

  const bytesOf = (token: number) => bytes[token] ?? noBytes;
  return {
    kind: 'llama2c',
    vocabularySize: pieces.length,
    beginToken: BEGIN,
    prefixBytes: 1,
    encode(text) {
      if (text === '') return new Int32Array(0);
      const prefixed = ` ${text}`;
      const tokens: number[] = [];
      for (const [word] of splits ? prefixed.matchAll(/ *[^ ]+| +$/g) : [[prefixed] as const]) {
        for (const token of join(word)) tokens.push(token);
      }
      return Int32Array.from(tokens);
    },
    bytesOf,
    decode(tokens) {
      const all = Array.from(tokens, bytesOf).filter((piece) => piece.length > 0);
      return decodeBytes(all, all[0]?.[0] === SPACE ? 1 : 0);
    },
    toJson: () => ({ kind: 'llama2c', pieces }),
  };
}

const SPACE = 0x20;
const CACHED_WORDS = 200_000;
