import { RandomStream } from '@claimbench/kernels';
import { type MaskedTokens, maskTokens } from '../data/masking.ts';
import { ModelError } from '../model-error.ts';
import { namedStream, RANDOM_STREAMS } from '../random-streams.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** A window of one document. `context` precedes its first token: `beginToken` at the document's start, else the token before. */
export interface EvaluationItem {
  readonly context: number;
  /** The tokens that are scored, but for the first `given`. */
  readonly tokens: Int32Array;
  /** So many of the first tokens are read only; absent: none. */
  readonly given?: number;
  /** For an encoder: what it reads, and the tokens that are scored. Context and `given` say nothing then. */
  readonly masked?: MaskedTokens;
  /** UTF-8 bytes of the scored text. */
  readonly bytes: number;
}

export interface ItemPlan {
  readonly items: number;
  /** Most tokens that are scored in one item: at most the model's context length. */
  readonly windowTokens: number;
}

/**
 * Fixed items for all seeds and arms: the first window of every document in the documents' order, then second windows of
 * those that are long enough, and so on, until there are enough. Throws `too-few-items` with how many there are.
 */
export function evaluationItems(
  documents: readonly string[],
  tokenizer: Tokenizer,
  plan: ItemPlan,
): readonly EvaluationItem[] {
  const encoded = documents.slice(0, plan.items).map((document) => tokenizer.encode(document));
  const items = windowsOf(encoded, tokenizer, plan);
  if (items.length < plan.items) {
    throw new ModelError(
      'too-few-items',
      `${plan.items} items of ${plan.windowTokens} tokens were asked for; these documents give ${items.length}`,
    );
  }
  return items;
}

/**
 * Every token of the documents, in windows. `apart`: each document alone, its windows one after the other. `joined`: documents follow one
 * another, each begun by the begin token (which is scored too, from the second on), and windows cut the stream wherever they end.
 */
export function itemsOfWhole(
  documents: readonly string[],
  tokenizer: Tokenizer,
  windowTokens: number,
  join: 'apart' | 'joined' = 'apart',
): readonly EvaluationItem[] {
  const encoded = documents.map((document) => tokenizer.encode(document));
  const size = (tokens: Iterable<number>) => {
    let bytes = 0;
    for (const token of tokens) bytes += tokenizer.bytesOf(token).length;
    return bytes;
  };
  if (join === 'apart') {
    return encoded.flatMap((document) =>
      windowStarts(document.length, windowTokens).map((start) => {
        const tokens = document.subarray(start, start + windowTokens);
        const bytes = size(tokens) - (start === 0 ? tokenizer.prefixBytes : 0);
        return { context: start === 0 ? tokenizer.beginToken : document[start - 1]!, tokens, bytes };
      }),
    );
  }
  const stream = Int32Array.from(encoded.flatMap((document) => [tokenizer.beginToken, ...document]));
  const scored = stream.subarray(1);
  return windowStarts(scored.length, windowTokens).map((start) => {
    const tokens = scored.subarray(start, start + windowTokens);
    // A document's prefix stands right after its begin token, the first one's at the very start.
    const begun = tokens.reduce((count, _, at) => count + (stream[start + at] === tokenizer.beginToken ? 1 : 0), 0);
    return { context: stream[start]!, tokens, bytes: size(tokens) - begun * tokenizer.prefixBytes };
  });
}

/** The same windows for an encoder, with tokens to be filled in: always the same ones, whatever is trained with which seed. */
export function maskedItems(
  items: readonly EvaluationItem[],
  tokenizer: Tokenizer,
  maskToken: number,
): readonly EvaluationItem[] {
  const random = new RandomStream(0, namedStream(RANDOM_STREAMS.evaluationSubset, 'masked'));
  return items.map(({ context, tokens }) => {
    const masked = maskTokens(tokens, maskToken, random);
    const bytes = masked.places.reduce((sum, place) => sum + tokenizer.bytesOf(tokens[place]!).length, 0);
    return { context, tokens, masked, bytes };
  });
}

function windowStarts(length: number, windowTokens: number): number[] {
  return Array.from({ length: Math.ceil(length / windowTokens) }, (_, window) => window * windowTokens);
}

function windowsOf(documents: readonly Int32Array[], tokenizer: Tokenizer, plan: ItemPlan): EvaluationItem[] {
  const { windowTokens } = plan;
  const items: EvaluationItem[] = [];
  for (let start = 0, found = true; found && items.length < plan.items; start += windowTokens) {
    found = false;
    for (const document of documents) {
      if (items.length === plan.items) break;
      if (start >= document.length) continue;
      found = true;
      const tokens = document.subarray(start, start + windowTokens);
      let bytes = start === 0 ? -tokenizer.prefixBytes : 0;
      for (const token of tokens) bytes += tokenizer.bytesOf(token).length;
      items.push({ context: start === 0 ? tokenizer.beginToken : document[start - 1]!, tokens, bytes });
    }
  }
  return items;
}
