/** Text to token ids and back. Every tokenizer here is complete: any text encodes, and decodes to itself. */
export interface Tokenizer {
  readonly kind: 'byte' | 'byte-pair' | 'llama2c';
  readonly vocabularySize: number;
  /** Stands before every document: its embedding is the only context of the first token that is scored. */
  readonly beginToken: number;
  /** Ids of the text alone, without `beginToken`. */
  encode(text: string): Int32Array;
  /** Bytes of a token as part of running text; `beginToken` has none. */
  bytesOf(token: number): Uint8Array;
  decode(tokens: Iterable<number>): string;
  /** What `tokenizerFromJson` makes the same tokenizer from. */
  toJson(): TokenizerJson;
}

export type TokenizerJson =
  | { readonly kind: 'byte' }
  /** `merges[i]` makes token 257 + i from two earlier ones. */
  | { readonly kind: 'byte-pair'; readonly merges: readonly (readonly [number, number])[] }
  | { readonly kind: 'llama2c'; readonly pieces: readonly (readonly [piece: string, score: number])[] };
