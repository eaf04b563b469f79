import { decodeBytes, type Tokenizer } from './tokenizer.ts';

/** The byte tokens come first in every tokenizer of ours, then the token that begins a document. */
export const BYTES = 256;
export const BEGIN_TOKEN = 256;
export const FIRST_MERGED_TOKEN = 257;

export const singleBytes: readonly Uint8Array[] = Array.from({ length: BYTES }, (_, byte) => Uint8Array.of(byte));
export const noBytes = new Uint8Array(0);

/** One token a byte of UTF-8, and 256 to begin a document. */
export function byteTokenizer(): Tokenizer {
  const bytesOf = (token: number) => singleBytes[token] ?? noBytes;
  return {
    kind: 'byte',
    vocabularySize: FIRST_MERGED_TOKEN,
    beginToken: BEGIN_TOKEN,
    prefixBytes: 0,
    encode: (text) => Int32Array.from(new TextEncoder().encode(text)),
    bytesOf,
    decode: (tokens) => decodeBytes(Array.from(tokens, bytesOf)),
    toJson: () => ({ kind: 'byte' }),
  };
}
