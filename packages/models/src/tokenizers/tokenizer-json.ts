import { z } from 'zod';
import { ModelError } from '../model-error.ts';
import { bytePairTokenizer } from './byte-pair.ts';
import { byteTokenizer } from './byte-tokenizer.ts';
import { huggingFaceTokenizer } from './huggingface-tokenizer.ts';
import { llama2cTokenizer } from './llama2c-tokenizer.ts';
import type { Tokenizer, TokenizerJson } from './tokenizer.ts';

const TokenizerSchema: z.ZodType<TokenizerJson> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('byte') }),
  z.strictObject({ kind: z.literal('byte-pair'), merges: z.array(z.tuple([z.int(), z.int()])).max(1_000_000) }),
  z.strictObject({ kind: z.literal('huggingface'), file: z.unknown(), begin: z.string().optional() }),
  z.strictObject({ kind: z.literal('llama2c'), pieces: z.array(z.tuple([z.string(), z.number()])).max(1_000_000) }),
]);

/** The tokenizer that `toJson` described. Throws `bad-tokenizer`. */
export function tokenizerFromJson(json: unknown): Tokenizer {
  const parsed = TokenizerSchema.safeParse(json);
  if (!parsed.success) throw new ModelError('bad-tokenizer', `tokenizer: ${z.prettifyError(parsed.error)}`);
  switch (parsed.data.kind) {
    case 'byte':
      return byteTokenizer();
    case 'byte-pair':
      return bytePairTokenizer(parsed.data.merges);
    case 'huggingface':
      return huggingFaceTokenizer(parsed.data.file, parsed.data.begin);
    case 'llama2c':
      return llama2cTokenizer(parsed.data.pieces);
  }
}
