/** Text to token ids and back. Every tokenizer here is complete: any text encodes, and decodes to itself. */
export interface Tokenizer {
  readonly kind: TokenizerJson['kind'];
  readonly vocabularySize: number;
  /** Stands before every document; the first token of a document is predicted from it alone. */
  readonly beginToken: number;
  /** Bytes that `encode` puts before the text (llama2.c's space) and that are no part of what is scored. */
  readonly prefixBytes: number;
  /** Ids of the text alone, without `beginToken`. */
  encode(text: string): Int32Array;
  /** Bytes of a token inside running text; `beginToken` has none. */
  bytesOf(token: number): Uint8Array;
  /** Bytes that are no UTF-8 (a cut character) become U+FFFD. */
  decode(tokens: Iterable<number>): string;
  /** What `tokenizerFromJson` makes the same tokenizer from. */
  toJson(): TokenizerJson;
}

export type TokenizerJson =
  | { readonly kind: 'byte' }
  /** `merges[i]` makes token 257 + i of two earlier ones. */
  | { readonly kind: 'byte-pair'; readonly merges: readonly (readonly [left: number, right: number])[] }
  /** A `tokenizer.json` of the library Tokenizers; `begin` names the begin token where the file does not. */
  | { readonly kind: 'huggingface'; readonly file: unknown; readonly begin?: string }
  | { readonly kind: 'llama2c'; readonly pieces: readonly (readonly [piece: string, score: number])[] };

/** Joins the bytes of tokens and reads them as UTF-8; `skip` leaves out leading bytes. */
export function decodeBytes(pieces: Iterable<Uint8Array>, skip = 0): string {
  const bytes: number[] = [];
  for (const piece of pieces) for (const byte of piece) bytes.push(byte);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes.slice(skip)));
}
