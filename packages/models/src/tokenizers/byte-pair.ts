import { ModelError } from '../model-error.ts';
import { BEGIN_TOKEN, FIRST_MERGED_TOKEN, noBytes, singleBytes } from './byte-tokenizer.ts';
import { decodeBytes, type Tokenizer } from './tokenizer.ts';

export type Merge = readonly [left: number, right: number];

/**
 * No merge crosses these borders: a word with the space before it, a number, a run of other signs, or white space; none longer
 * than 64 signs, because joining takes quadratic time.
 */
export function wordsOf(text: string): readonly string[] {
  return text.match(/ ?\p{L}{1,64}| ?\p{N}{1,64}| ?[^\s\p{L}\p{N}]{1,64}|\s{1,64}(?!\S)|\s{1,64}/gu) ?? [];
}

/** Byte-pair encoding (Sennrich et al. 2016) on bytes: the earliest learned merge that applies goes first. Throws `bad-tokenizer`. */
export function bytePairTokenizer(merges: readonly Merge[]): Tokenizer {
  const vocabularySize = FIRST_MERGED_TOKEN + merges.length;
  const bytes: Uint8Array[] = [...singleBytes, noBytes];
  const mergedInto = new Map<number, number>();
  merges.forEach(([left, right], index) => {
    const token = FIRST_MERGED_TOKEN + index;
    for (const part of [left, right]) {
      if (!Number.isInteger(part) || part < 0 || part >= token || part === BEGIN_TOKEN) {
        throw new ModelError(
          'bad-tokenizer',
          `merge ${index} joins ${left} and ${right}; token ${part} cannot be joined`,
        );
      }
    }
    mergedInto.set(pairKey(left, right), token);
    bytes.push(Uint8Array.of(...bytes[left]!, ...bytes[right]!));
  });
  const encoder = new TextEncoder();
  const known = new Map<string, readonly number[]>();

  function encodeWord(word: string): readonly number[] {
    const cached = known.get(word);
    if (cached !== undefined) return cached;
    const tokens = Array.from(encoder.encode(word));
    for (;;) {
      let earliest = vocabularySize;
      let at = -1;
      for (let index = 0; index + 1 < tokens.length; index++) {
        const merged = mergedInto.get(pairKey(tokens[index]!, tokens[index + 1]!));
        if (merged !== undefined && merged < earliest) {
          earliest = merged;
          at = index;
        }
      }
      if (at < 0) break;
      tokens.splice(at, 2, earliest);
    }
    if (known.size < CACHED_WORDS) known.set(word, tokens);
    return tokens;
  }

  const bytesOf = (token: number) => bytes[token] ?? noBytes;
  return {
    kind: 'byte-pair',
    vocabularySize,
    beginToken: BEGIN_TOKEN,
    prefixBytes: 0,
    encode(text) {
      const tokens: number[] = [];
      for (const word of wordsOf(text)) for (const token of encodeWord(word)) tokens.push(token);
      return new Int32Array(tokens);
    },
    bytesOf,
    decode: (tokens) => decodeBytes(Array.from(tokens, bytesOf)),
    toJson: () => ({ kind: 'byte-pair', merges }),
  };
}

/** Words repeat: few are new after some hundred kilobytes. A bound keeps odd text from filling memory. */
const CACHED_WORDS = 200_000;

/** One number for a pair; tokens are below 2^21. */
export function pairKey(left: number, right: number): number {
  return left * 2_097_152 + right;
}

export function pairOfKey(key: number): Merge {
  return [Math.floor(key / 2_097_152), key % 2_097_152];
}
