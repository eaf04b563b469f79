import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** Documents as one run of tokens, each begun by `beginToken`: what training draws its windows from. */
export interface TokenStream {
  readonly tokens: Int32Array;
  readonly vocabularySize: number;
  /** How often each token occurs. */
  readonly counts: Float64Array;
  /** Entropy of the tokens' frequencies in nats/token: the loss of a model that knows nothing else. */
  readonly unigramEntropy: number;
}

export function tokenStream(documents: Iterable<string>, tokenizer: Tokenizer): TokenStream {
  const parts: Int32Array[] = [];
  let length = 0;
  for (const document of documents) {
    const tokens = tokenizer.encode(document);
    parts.push(tokens);
    length += tokens.length + 1;
  }
  const tokens = new Int32Array(length);
  let at = 0;
  for (const part of parts) {
    tokens[at] = tokenizer.beginToken;
    tokens.set(part, at + 1);
    at += part.length + 1;
  }
  return streamOfTokens(tokens, tokenizer.vocabularySize);
}

/** Of tokens that have been cut before. */
export function streamOfTokens(tokens: Int32Array, vocabularySize: number): TokenStream {
  const counts = new Float64Array(vocabularySize);
  for (const token of tokens) counts[token]! += 1;
  let unigramEntropy = 0;
  for (const count of counts)
    if (count > 0) unigramEntropy -= (count / tokens.length) * Math.log(count / tokens.length);
  return { tokens, vocabularySize, counts, unigramEntropy };
}
