import { ModelError } from '../model-error.ts';
import { bytePairTokenizer, type Merge, pairKey, pairOfKey, wordsOf } from './byte-pair.ts';
import { FIRST_MERGED_TOKEN } from './byte-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * Learns merges from texts: each time the most frequent neighbouring pair, of equally frequent ones the pair with the lowest
 * tokens; so the result depends on the texts alone. Stops early when no pair appears twice (small texts give
 * a smaller vocabulary than asked for).
 */
export function trainBytePair(texts: Iterable<string>, vocabularySize: number): Tokenizer {
  if (!Number.isInteger(vocabularySize) || vocabularySize < FIRST_MERGED_TOKEN) {
    throw new ModelError(
      'bad-tokenizer',
      `a byte-pair vocabulary has at least ${FIRST_MERGED_TOKEN} tokens, asked for ${vocabularySize}`,
    );
  }
  const words = countWords(texts);
  const pairs = new PairCounts(words);
  const merges: Merge[] = [];
  while (FIRST_MERGED_TOKEN + merges.length < vocabularySize) {
    const best = pairs.mostFrequent();
    if (best === undefined) break;
    pairs.merge(best, FIRST_MERGED_TOKEN + merges.length);
    merges.push(pairOfKey(best));
  }
  return bytePairTokenizer(merges);
}

interface Word {
  readonly count: number;
  tokens: number[];
}

function countWords(texts: Iterable<string>): Word[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const encoder = new TextEncoder();
  return Array.from(counts, ([word, count]) => ({ count, tokens: Array.from(encoder.encode(word)) }));
}

/** How often each pair stands side by side, and in which words: a merge only visits the words that hold it. */
class PairCounts {
  readonly #words: readonly Word[];
  readonly #counts = new Map<number, number>();
  readonly #wordsWith = new Map<number, Set<number>>();

  constructor(words: readonly Word[]) {
    this.#words = words;
    words.forEach((word, index) => {
      this.#count(word, index, 1);
    });
  }

  mostFrequent(): number | undefined {
    let best: number | undefined;
    let most = 1;
    for (const [pair, count] of this.#counts) {
      if (count > most || (count === most && best !== undefined && pair < best)) {
        best = pair;
        most = count;
      }
    }
    return best;
  }

  merge(pair: number, into: number): void {
    const [left, right] = pairOfKey(pair);
    for (const index of this.#wordsWith.get(pair) ?? []) {
      const word = this.#words[index]!;
      this.#count(word, index, -1);
      const merged: number[] = [];
      for (let at = 0; at < word.tokens.length; at++) {
        const here = word.tokens[at]!;
        if (here === left && word.tokens[at + 1] === right) {
          merged.push(into);
          at += 1;
        } else merged.push(here);
      }
      word.tokens = merged;
      this.#count(word, index, 1);
    }
    this.#counts.delete(pair);
    this.#wordsWith.delete(pair);
  }

  #count(word: Word, index: number, sign: 1 | -1): void {
    for (let at = 0; at + 1 < word.tokens.length; at++) {
      const pair = pairKey(word.tokens[at]!, word.tokens[at + 1]!);
      const count = (this.#counts.get(pair) ?? 0) + sign * word.count;
      if (count > 0) this.#counts.set(pair, count);
      else this.#counts.delete(pair);
      if (sign === 1) {
        const holders = this.#wordsWith.get(pair);
        if (holders === undefined) this.#wordsWith.set(pair, new Set([index]));
        else holders.add(index);
      }
    }
  }
}
